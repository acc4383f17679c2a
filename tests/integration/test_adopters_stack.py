"""An adopter's settings over the whole stack: headers, texts, imported threads, a second agent."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy_kit import ROOT
from stack_kit import TODOCHAT, SignUp, Stack, run_stack
from todochat.testing import free_port, wait_until
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import Person, message

pytestmark = pytest.mark.slow  # a stack of its own

HERE = Path(__file__).parent
OWN_STATE = ROOT / "examples/own-state"
API_PORT = free_port()
SERVICE_PORT = free_port()
PASSWORDS = {"club_owner": "owner-password", "club_app": "app-password"}


@pytest.fixture(scope="module")
def adopter(
    scripted_model: ScriptedModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    routes = tmp_path_factory.mktemp("routes")
    route = (OWN_STATE / "club.caddy").read_text(encoding="utf-8")
    (routes / "club.caddy").write_text(route.replace(":8010\n", f":{SERVICE_PORT}\n"))
    variables = {
        "TODO_AGENT_FACTORY": "tenant_agent:create",
        "OPENAI_BASE_URL": scripted_model.url,
        "TODO_AGENT_MODEL": "scripted",
        "CHAT_GATEWAY_FORWARD_HEADERS": "X-Tenant",
        "CHAT_GATEWAY_AGENTS": f"club=http://127.0.0.1:{API_PORT}",
        "ASSISTANT_NAME": "Tea house",
        "ASSISTANT_PROMPTS": '[{"label":"Green","prompt":"a pot of green tea"}]',
        "EDGE_EXTRA_ROUTES": f"{routes}/*.caddy",
    }
    yield from run_stack("adopter", variables, files=[HERE / "tenant_agent.py"])


@asynccontextmanager
async def running(
    logs: Path, environ: dict[str, str], ready_url: str, *command: str
) -> AsyncIterator[None]:
    """Run a Python program beside the stack, until its readiness and while the context is open."""
    log = logs / f"{command[-1]}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=OWN_STATE,
            env={"PATH": os.defpath, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        async with httpx.AsyncClient() as client:

            async def is_ready() -> bool:
                assert process.returncode is None, log.read_text()[-3000:]
                try:
                    return (await client.get(ready_url)).status_code == 200
                except httpx.TransportError:
                    return False

            await wait_until(is_ready, 60)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def run_to_end(*command: str, environ: dict[str, str], folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"PATH": os.defpath, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
    return output.decode()


def role_url(stack: Stack, role: str) -> str:
    server = stack.state["postgres"]["url"].rpartition("@")[2].partition("/")[0]
    return f"postgresql://{role}:{PASSWORDS[role]}@{server}/chat"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club(adopter: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """A second agent with state of its own, and the service that shows it."""
    logs = tmp_path_factory.mktemp("logs")
    environments = json.loads((adopter.data_dir / "run/admin-environment.json").read_bytes())
    environ = {
        **adopter.variables,
        **environments["todo_agent"],
        "DATABASE_ADMIN_URL": adopter.state["postgres"]["url"],
        "CLUB_OWNER_URL": role_url(adopter, "club_owner"),
        "CLUB_POSTGRES_URL": role_url(adopter, "club_app"),
        "CLUB_PORT": str(SERVICE_PORT),
        "AUTH_JWKS_URL": f"{adopter.edge}/.well-known/jwks.json",
        "TODO_AGENT_NAME": "club",
        "TODO_AGENT_FACTORY": "club:create",
        "TODO_AGENT_PORT": str(API_PORT),
        "TODO_AGENT_WORKER_PORT": str(free_port()),
        "PYTHONPATH": str(OWN_STATE),
        **{f"{role.upper()}_PASSWORD": password for role, password in PASSWORDS.items()},
    }
    for command in ("setup", "migrate"):
        await run_to_end(
            sys.executable, "club_service.py", command, environ=environ, folder=OWN_STATE
        )
    agent = ("-m", "todo_agent")
    api = f"http://127.0.0.1:{API_PORT}/health/ready"
    worker = f"http://127.0.0.1:{environ['TODO_AGENT_WORKER_PORT']}/health/ready"
    service = f"http://127.0.0.1:{SERVICE_PORT}/health/ready"
    async with (
        running(logs, environ, api, *agent, "api"),
        running(logs, environ, worker, *agent, "worker"),
        running(logs, environ, service, "club_service.py", "serve"),
    ):
        yield


async def thread_ids(person: Person, path: str = "") -> list[str]:
    body = {"type": "threads.list", "params": {}}
    response = await person.chat("POST", path, json=body)
    response.raise_for_status()
    return [thread["id"] for thread in response.json()["data"]]


async def test_forwarded_header_reaches_the_agents_tool(
    adopter: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(adopter)
    scripted_model.answer(Call("name_tenant"))
    scripted_model.answer(Say("Hello."))

    headers = {"X-Tenant": "acme", "X-Other": "1"}
    async with ada.stream(message("hi"), headers=headers) as stream:
        await stream.rest()

    assert stream.ended == "completed"
    assert "tenant acme, 1 header" in str(scripted_model.requests[-1].history)


async def test_site_shows_the_configured_texts(adopter: Stack) -> None:
    async with httpx.AsyncClient(base_url=adopter.edge) as client:
        response = await client.get("/api/site")

    assert response.json()["assistant"] == {
        "name": "Tea house",
        "greeting": None,
        "prompts": [{"label": "Green", "prompt": "a pot of green tea", "icon": "sparkle"}],
    }


async def test_operator_imports_threads_and_the_user_continues_them(
    adopter: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp, tmp_path: Path
) -> None:
    ada = await sign_up(adopter)
    moment = "2026-05-01T10:00:00"
    said = {
        "id": "msg_old",
        "type": "user_message",
        "created_at": moment,
        "content": [{"type": "input_text", "text": "my cat is called Minka"}],
        "attachments": [],
        "inference_options": {},
    }
    line = {"thread": {"id": "old-1", "title": "Cats", "created_at": moment}, "items": [said]}
    file = tmp_path / "threads.jsonl"
    file.write_text(json.dumps(line))
    command = [TODOCHAT, "admin", "threads", "import", str(file), "--user", ada.user_id]
    command += ["--data-dir", str(adopter.data_dir)]

    tried = await run_to_end(*command, "--dry-run", environ=adopter.environment, folder=tmp_path)
    assert "would be imported: 1 threads with 1 items" in tried
    assert await thread_ids(ada) == []
    first = await run_to_end(*command, environ=adopter.environment, folder=tmp_path)
    second = await run_to_end(*command, environ=adopter.environment, folder=tmp_path)

    assert first == "imported: 1 threads with 1 items; already here: 0; failed: 0\n"
    assert second == "imported: 0 threads with 0 items; already here: 1; failed: 0\n"
    assert await thread_ids(ada) == ["old-1"]
    scripted_model.answer(Say("Minka."))
    answer = await ada.ask("what is my cat called?", "old-1")
    assert answer.text == "Minka."
    assert "my cat is called Minka" in str(scripted_model.requests[-1].history)


@pytest.mark.usefixtures("club")
async def test_second_agent_has_its_own_threads_workers_and_state(
    adopter: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada, eve = await sign_up(adopter), await sign_up(adopter)
    scripted_model.answer(Say("I am the first one."))
    own = await ada.ask("hello")

    scripted_model.answer(Call("add_stamp"))
    scripted_model.answer(Say("Stamped."))
    async with ada.stream(message("a pot of tea"), path="/agents/club") as stream:
        await stream.rest()

    assert stream.ended == "completed"
    assert "The card has 1 of 10 stamps." in str(scripted_model.requests[-1].history)
    club_thread = stream.response.headers["X-Thread-Id"]
    assert await thread_ids(ada) == [own.thread_id]
    assert await thread_ids(ada, "/agents/club") == [club_thread]
    wrong = await ada.chat("POST", "", json=message("more", club_thread))
    assert wrong.status_code == 404
    hits = (await ada.chat("GET", "/search", params={"q": "tea", "agent": "club"})).json()["items"]
    assert [(hit["thread_id"], hit["agent"]) for hit in hits] == [(club_thread, "club")]
    assert (await ada.api("GET", "/stamps")).json() == {"stamps": 1}
    assert (await eve.api("GET", "/stamps")).json() == {"stamps": 0}
    connection = await asyncpg.connect(adopter.state["postgres"]["url"], database="chat")
    rows = await connection.fetch(
        "SELECT agent, count(DISTINCT worker_id) AS workers FROM runs WHERE user_id = $1"
        " GROUP BY agent ORDER BY agent",
        ada.user_id,
    )
    await connection.close()
    assert [row["agent"] for row in rows] == ["club", "default"]
    unknown: Any = await ada.chat("POST", "/agents/coffee", json=message("hi"))
    assert unknown.status_code == 404
