"""The launcher with the real services: its commands, and its behaviour after kills."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import asyncpg
import psutil
import pytest

from launcher.stack_kit import Installation, eventually

pytestmark = pytest.mark.timeout(300)
SERVICES = {
    "auth-session",
    "tasks",
    "todo-agent-api",
    "todo-agent-worker",
    "chat-gateway",
    "caddy",
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One running stack for the whole file; the tests run in order on its data."""
    installation = Installation(tmp_path_factory.mktemp("launcher"))
    try:
        up = installation.run("up", "--detach", "--port", str(installation.port), "--gateways=2")
        assert up.returncode == 0, up.stdout + up.stderr
        yield installation
    finally:
        installation.clean_up()


def test_message_creates_a_task(installation: Installation) -> None:
    result = installation.run("chat", "add buy milk tomorrow at 5pm")

    assert result.returncode == 0, result.stderr
    assert "buy milk" in result.stdout
    assert "created an account for you" in result.stderr
    assert "buy milk" in asyncio.run(task_titles(installation))


def test_state_lists_every_service_and_process(installation: Installation) -> None:
    state = installation.state

    assert state["edge"] == f"http://localhost:{installation.port}"
    assert state["data_dir"] == str(installation.data.path)
    assert set(state["services"]) == SERVICES
    assert len(state["services"]["chat-gateway"]["urls"]) == 2
    assert len(set(state["services"]["chat-gateway"]["pids"])) == 2
    gateway = psutil.Process(state["services"]["chat-gateway"]["pids"][0])
    assert gateway.cmdline()[1:] == ["-P", "-m", "chat_gateway", "serve"]


def test_status_reports_all_services_ready(installation: Installation) -> None:
    shown = installation.run("status", "--json")

    assert shown.returncode == 0
    status = json.loads(shown.stdout)
    assert {each["name"] for each in status["services"]} == SERVICES
    assert all(each["ready"] is not False for each in status["services"])
    assert all(each["memory_mib"] > 0 for each in status["services"])


def test_logs_shows_one_services_lines(installation: Installation) -> None:
    shown = installation.run("logs", "chat-gateway", "-n", "5")

    assert shown.returncode == 0
    prefixes = {line.partition("|")[0].strip() for line in shown.stdout.splitlines()}
    assert prefixes <= {"chat-gateway-1", "chat-gateway-2"}
    assert prefixes


def test_logs_of_unknown_service_lists_the_known_ones(installation: Installation) -> None:
    shown = installation.run("logs", "unknown")

    assert shown.returncode == 1
    assert "chat-gateway-1" in shown.stderr


def test_admin_lists_accounts_of_the_running_stack(installation: Installation) -> None:
    shown = installation.run("admin", "user", "--help")

    assert shown.returncode == 0, shown.stderr
    assert "user" in shown.stdout


def test_doctor_passes_on_this_machine(installation: Installation) -> None:
    found = installation.run("doctor")

    assert found.returncode == 0, found.stdout


def test_second_launcher_is_refused(installation: Installation) -> None:
    second = installation.run("up", "--detach")

    assert second.returncode == 1
    assert "todochat is already running on" in second.stdout


def test_killed_service_restarts_and_the_chat_works(installation: Installation) -> None:
    before = installation.pids("todo-agent-worker")

    os.kill(before[0], signal.SIGKILL)

    eventually(lambda: installation.pids("todo-agent-worker") not in ([], before), 90)
    assert installation.run("chat", "add bread").returncode == 0


def test_chat_works_with_one_gateway_down(installation: Installation) -> None:
    os.kill(installation.pids("chat-gateway")[0], signal.SIGKILL)

    result = installation.run("chat", "what's on my list?")

    assert result.returncode == 0, result.stderr
    assert "buy milk" in result.stdout
    eventually(lambda: len(installation.pids("chat-gateway")) == 2, 90)


@pytest.mark.slow
def test_launcher_killed_under_load_leaves_no_process_and_loses_no_data(
    installation: Installation,
) -> None:
    launcher = psutil.Process(int(installation.data.lock.read_text()))
    earlier = asyncio.run(task_titles(installation))
    with ThreadPoolExecutor(3) as people:
        chats = [people.submit(installation.run, "chat", f"add thing {n}") for n in range(3)]
        eventually(lambda: asyncio.run(task_titles(installation)) >= {"thing 0"}, 60)

        launcher.kill()

        eventually(lambda: installation.living() == [] or only_clients(installation), 10)
        accepted = [each.result().returncode for each in chats]
    assert len(accepted) == 3
    installation.start_until_ready("--gateways=2")
    titles = asyncio.run(task_titles(installation))
    assert earlier | {"thing 0"} <= titles


@pytest.mark.slow
def test_ctrl_c_stops_everything_in_order(installation: Installation) -> None:
    installation.run("down")
    launcher = installation.start_until_ready()
    children = psutil.Process(launcher.pid).children(recursive=True)

    launcher.send_signal(signal.SIGINT)

    launcher.wait(60)
    psutil.wait_procs(children, 60)
    assert installation.living() == []
    assert "todochat: " not in installation.text
    assert not installation.data.state.exists()


@pytest.mark.slow
def test_invalid_settings_stop_the_launch(installation: Installation) -> None:
    installation.run("down")
    environ = {**installation.environ, "LOG_LEVEL": "shouting"}
    command = [*installation.command("up"), "--port", str(installation.port)]

    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=110, env=environ
    )

    assert done.returncode == 1
    assert "ended before it was ready (exit code 2)" in done.stdout
    assert "setting LOG_LEVEL" in done.stdout
    assert "hint: correct that environment variable" in done.stdout
    assert installation.living() == []


def test_reset_deletes_everything(installation: Installation) -> None:
    installation.run("down")

    done = installation.run("reset", "--yes")

    assert done.returncode == 0
    assert not installation.data.path.exists()


def only_clients(installation: Installation) -> bool:
    """Return whether only `todochat chat`, which this test has started itself, runs."""
    for process in installation.living():
        with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
            if "chat" not in process.cmdline():
                return False
    return True


async def task_titles(installation: Installation) -> set[str]:
    """Read the titles directly, as the superuser."""
    url = installation.state["postgres"]["url"].rpartition("/")[0] + "/tasks"
    connection = await asyncpg.connect(url)
    try:
        return {row["title"] for row in await connection.fetch("SELECT title FROM tasks")}
    finally:
        await connection.close()
