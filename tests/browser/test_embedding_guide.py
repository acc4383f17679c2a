"""`docs/embedding.md`: its page, its back ends and its tokens, on a stack of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import jwt
import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visit
from browser.conftest import run_site
from browser.embed_kit import text_without_script
from stack_kit import Stack
from todochat.testing import free_port, wait_until
from todochat_local.node import find_node
from todochat_local.site_build import frontend_dir

GUIDE: Final = (Path(__file__).parents[2] / "docs/embedding.md").read_text(encoding="utf-8")
SERVER: Final = "http://localhost:8000"
PAGE: Final = "http://localhost:3001"
NODE: Final = str(find_node(os.environ).folder / "node")
# Prints the variables that a block of the guide sets.
PRINT: Final = """
import json, os
print(json.dumps({name: os.environ.get(name, "") for name in
  ("AUTH_EXTERNAL_ISSUERS", "CORS_ALLOWED_ORIGINS", "ISSUER_SECRET")}))
"""


def block(language: str, first_line: str) -> str:
    """Return the guide's block that begins with a line."""
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    (found,) = [each for each in blocks if each.startswith(first_line)]
    return found


def run_shell(text: str) -> tuple[str, dict[str, str]]:
    """Run a block with this Python in place of `make up`; return its output and variables."""
    program = f'{sys.executable} -c "$PRINT"'
    script = text.replace("make up", "") + f"\n{program}"
    *said, variables = run_in(Path.cwd(), ["sh", "-ec", script], PRINT=PRINT).split("\n")
    return "\n".join(said), json.loads(variables)


def run_in(folder: Path, command: list[str], **variables: str) -> str:
    """Run a program with variables; return its output without white space around it."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables},
        check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return done.stdout.strip()


class Guide:
    """The guide, followed: a stack, and the variables of its back ends.

    Attributes:
        origins: of the two back ends.
        edge: the stack's address, where it runs only for the tests that need it.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.edge = f"http://localhost:{self.port}"
        said, variables = run_shell(block("sh", "token="))
        self.token = said.removeprefix("CHAT_TOKEN=")
        _, login_variables = run_shell(block("sh", "export ISSUER_SECRET"))
        self.issuer_secret = login_variables["ISSUER_SECRET"]
        self.origins = {name: f"http://localhost:{free_port()}" for name in ("python", "node")}
        assert variables["CORS_ALLOWED_ORIGINS"] == PAGE
        (app,) = json.loads(variables["AUTH_EXTERNAL_ISSUERS"])
        (login,) = json.loads(login_variables["AUTH_EXTERNAL_ISSUERS"])
        entries = [{**app, "prefix": "app|"}, {**login, "prefix": "login|"}]
        self.variables = {
            "AUTH_EXTERNAL_ISSUERS": json.dumps(entries),
            "CORS_ALLOWED_ORIGINS": ",".join(self.origins.values()),
        }


def policy(edge: str) -> str:
    """Return a policy that allows a page's own parts and, beyond that, only the guide's sources."""
    sources = {
        "default-src": "'none'",
        "script-src": "'unsafe-inline'",
        "style-src": "'unsafe-inline'",
        "connect-src": "'self'",
    }
    for directive in (
        block("text", "script-src").replace("https://chat.example.com", edge).split(";")
    ):
        name, _, values = directive.strip().partition(" ")
        sources[name] = f"{sources.get(name, '')} {values}"
    return "; ".join(f"{name} {values}" for name, values in sources.items())


@pytest.fixture(scope="module")
def guide() -> Guide:
    return Guide()


@pytest.fixture(scope="module")
def chat_server(guide: Guide) -> Iterator[Stack]:
    yield from run_site("guide", guide.variables, port=guide.port)


@pytest.fixture(scope="module")
def backends(guide: Guide, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The guide's back ends with its page under a policy; their origins by language."""
    folder = tmp_path_factory.mktemp("guide")
    allowed = policy(guide.edge)
    (folder / "index.html").write_text(
        block("html", "<!doctype html>\n")
        .replace(
            "<title>", f'<meta http-equiv="Content-Security-Policy" content="{allowed}"><title>'
        )
        .replace(SERVER, guide.edge)
    )
    (folder / "backend.py").write_text(block("python", "# backend.py"))
    (folder / "backend.mjs").write_text(block("js", "// backend.mjs"))
    ports = {name: origin.rpartition(":")[2] for name, origin in guide.origins.items()}
    commands = {
        "python": [sys.executable, "-m", "uvicorn", "backend:app", "--port", ports["python"]],
        "node": [NODE, "backend.mjs"],
    }
    environment = {**os.environ, "CHAT_URL": guide.edge, "CHAT_TOKEN": guide.token}
    with ExitStack() as stack:
        for name, command in commands.items():
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**environment, "PORT": ports[name]},
                    start_new_session=True,
                )
            )
            # A wheel's `node` is a program that starts the real one.
            stack.callback(os.killpg, process.pid, signal.SIGTERM)
        yield guide.origins


async def is_up(origin: str) -> bool:
    try:
        async with httpx.AsyncClient() as http:
            return (await http.get(origin)).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.slow
async def test_page_of_the_guide_chats_under_its_policy(
    backends: dict[str, str], chat_server: Stack, visit: Visit, language: str
) -> None:
    origin = backends[language]
    await wait_until(lambda: is_up(origin), timeout_s=30)
    visitor = await visit(origin)
    visitor.watch.expect_origin(chat_server.edge)
    visitor.watch.expect_status(404, "/favicon.ico")
    chat = Chat(await visitor.open("/"))

    await expect(chat.host.get_by_text("How can we help?")).to_be_visible()
    await chat.send("add buy milk")
    await expect(chat.answers.last).to_contain_text("Added")
    await visitor.page.reload()
    await chat.show_history()

    await expect(chat.history.get_by_role("listitem")).to_have_count(1)


async def test_page_of_the_guide_tells_that_the_script_is_missing(
    guide: Guide, backends: dict[str, str], visit: Visit
) -> None:
    origin = backends["python"]
    await wait_until(lambda: is_up(origin), timeout_s=30)
    visitor = await visit(origin)
    visitor.watch.expect_origin(guide.edge)
    visitor.watch.expect_status(404, "/favicon.ico")
    visitor.watch.expect_failures("/chatkit/chatkit.js")
    console: list[str] = []
    visitor.page.on("console", lambda message: console.append(message.text))
    await visitor.page.route("**/chatkit/chatkit.js", lambda route: route.abort())
    # The page may ask for a secret before it knows; no installation runs behind it.
    secret = {"client_secret": "ek_1"}
    await visitor.page.route("**/chat-secret", lambda route: route.fulfill(json=secret))

    tab = await visitor.open("/")

    assert await text_without_script(tab) == '"The chat could not be loaded."'
    assert len([line for line in console if "Failed to load" in line]) >= 1


@pytest.mark.parametrize("language", ["python", "node"])
async def test_visitor_without_a_session_gets_no_secret(
    backends: dict[str, str], language: str
) -> None:
    await wait_until(lambda: is_up(backends[language]), timeout_s=30)

    cookies = {"session": "guessed"}
    async with httpx.AsyncClient(base_url=backends[language], cookies=cookies) as stranger:
        response = await stranger.post("/chat-secret")

    assert response.status_code == 401


def signed_token(guide: Guide, folder: Path, language: str) -> str:
    """Run the guide's code that signs a token for ada."""
    name, command, code = {
        "python": (
            "tokens.py",
            [sys.executable, "-c", "import tokens; print(tokens.login_token('ada'))"],
            block("python", "# tokens.py"),
        ),
        "node": (
            "tokens.mjs",
            [NODE, "--input-type=module", "-e",
             "import { loginToken } from './tokens.mjs'; console.log(loginToken('ada'))"],
            block("js", "// tokens.mjs"),
        ),
    }[language]  # fmt: skip
    (folder / name).write_text(code)
    return run_in(folder, command, ISSUER_SECRET=guide.issuer_secret)


@pytest.mark.parametrize("language", ["python", "node"])
def test_token_of_the_guides_code_is_signed_for_its_user(
    guide: Guide, tmp_path: Path, language: str
) -> None:
    token = signed_token(guide, tmp_path, language)

    claims = jwt.decode(token, guide.issuer_secret, algorithms=["HS256"])
    issuers = json.loads(guide.variables["AUTH_EXTERNAL_ISSUERS"])
    assert (claims["iss"], claims["sub"]) == (issuers[1]["issuer"], "ada")


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.slow
async def test_token_signed_by_the_guides_code_opens_a_chat(
    guide: Guide, chat_server: Stack, tmp_path: Path, language: str
) -> None:
    (tmp_path / "page.mjs").write_text(
        block("js", "async function openSession").replace(SERVER, chat_server.edge)
        + "console.log(JSON.stringify(await openSession(process.env.TOKEN)));"
    )

    token = signed_token(guide, tmp_path, language)
    session: dict[str, str] = json.loads(run_in(tmp_path, [NODE, "page.mjs"], TOKEN=token))

    async with httpx.AsyncClient(base_url=chat_server.edge) as http:
        response = await http.post(
            f"/api/{session['user_id']}/chat",
            json={"message": "hello"},
            headers={"Authorization": f"Bearer {session['client_secret']}"},
        )
    assert session["user_id"] == "login|ada"
    assert response.text.endswith("data: [DONE]\n\n")


def test_react_code_of_the_guide_compiles(tmp_path: Path) -> None:
    modules = frontend_dir() / "node_modules"
    config = {
        "extends": str(frontend_dir() / "tsconfig.base.json"),
        "compilerOptions": {
            "module": "esnext",
            "moduleResolution": "bundler",
            "jsx": "react-jsx",
            "noEmit": True,
            "skipLibCheck": True,
            "types": [],
            "paths": {"react/*": [f"{modules}/@types/react/*"], "*": [f"{modules}/*"]},
        },
        "files": ["Chat.tsx"],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    (tmp_path / "Chat.tsx").write_text(block("tsx", "import"))

    assert run_in(tmp_path, [NODE, str(modules / "typescript/bin/tsc"), "-p", "."]) == ""
