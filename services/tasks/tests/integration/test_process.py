"""`python -m tasks_service`, as the launcher and containers run it."""

import asyncio
import os
import signal
import subprocess
import sys

import httpx
import pytest

from tasks_service.__main__ import main
from tasks_service.settings import TasksSettings
from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.testing import free_port, wait_until

COMMAND = [sys.executable, "-m", "tasks_service"]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **variables}


@pytest.fixture
def serving(tasks_urls: DatabaseUrls, redis_url: str) -> dict[str, str]:
    return environment(
        TASKS_DATABASE_URL=tasks_urls.app,
        TASKS_JOBS_DATABASE_URL=tasks_urls.jobs,
        REDIS_URL=redis_url,
        # Only those of its own arrows.
        TODOCHAT_SERVICE_SECRET_AGENT_TO_TASKS="a secret of an arrow with more than 32 bytes",
        TODOCHAT_SERVICE_SECRET_AUTH_TO_TASKS="another secret of an arrow with more than 32 bytes",
        TODOCHAT_SERVICE_SECRET_TASKS_TO_AUTH="a third secret of an arrow with more than 32 bytes",
        TASKS_PORT=str(free_port()),
        DRAIN_DELAY_S="0",
    )


async def test_serves_and_exits_with_0_on_sigterm_despite_open_feeds(
    serving: dict[str, str],
) -> None:
    tokens = ServiceTokens.from_settings(TasksSettings.load(serving), Arrow.AGENT_TO_TASKS)
    token = tokens.mint(Arrow.AGENT_TO_TASKS, "usr_1")
    url = f"http://127.0.0.1:{serving['TASKS_PORT']}"
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", env=serving, stdout=subprocess.DEVNULL
    )

    async def is_ready() -> bool:
        try:
            return (await http.get(f"{url}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async with httpx.AsyncClient() as http:
        await wait_until(is_ready, timeout_s=40)
        document = (await http.get(f"{url}/openapi.json")).json()
        async with http.stream(
            "GET",
            f"{url}/api/usr_1/tasks/events",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ) as feed:
            lines = feed.aiter_lines()
            opening = [await anext(lines) for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            ending = [line async for line in lines]

    assert opening == ["id: 0", 'data: {"type":"feed.ready.v1"}', ""]
    assert ending == [": reconnect", ""]
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert "/api/{user_id}/tasks/events" in document["paths"]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **variables: str) -> None:
    monkeypatch.setattr(sys, "argv", ["tasks_service", *arguments])
    monkeypatch.setattr(os, "environ", variables)
    main()


def test_migrates_with_only_the_owners_url(
    monkeypatch: pytest.MonkeyPatch, tasks_urls: DatabaseUrls
) -> None:
    run(monkeypatch, "migrate", TASKS_MIGRATION_DATABASE_URL=tasks_urls.owner)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["serve"], "setting REDIS_URL is required"),
        (["migrate"], "setting TASKS_MIGRATION_DATABASE_URL is required"),
        ([], "usage: python -m tasks_service serve|migrate"),
        (["dance"], "usage: python -m tasks_service serve|migrate"),
    ],
)
def test_missing_setting_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, *arguments)

    assert caught.value.code == 2
    assert capsys.readouterr().err == line + "\n"
