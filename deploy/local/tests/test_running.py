"""A running launcher with real engines and fake services, shared by all tests of this file."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from local_kit import Launch, alive, eventually


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    launch = Launch(tmp_path_factory.mktemp("running"))
    launch.start_until_ready("ok", "engines")
    yield launch
    launch.clean_up()


def test_terminal_shows_service_logs(running: Launch) -> None:
    eventually(lambda: "service-1          | info    request path=/health/ready" in running.text)


def test_second_launcher_on_a_data_directory_is_rejected(running: Launch, tmp_path: Path) -> None:
    second = Launch(tmp_path, data_dir=running.data.path)

    process = second.start("ok")

    assert process.wait(10) == 1
    pid = running.data.lock.read_text().strip()
    assert f"todochat is already running on {running.data.path} (process {pid})" in second.text
    assert psutil.Process(int(pid)).is_running()


def test_logs_and_secrets_are_readable_by_their_owner_only(running: Launch) -> None:
    private = [running.data.secrets, running.data.state, running.data.log_path("service-1")]

    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600] * 3


def test_dead_service_is_restarted_and_state_is_updated(running: Launch) -> None:
    before = running.pid_of("service-1"), running.pid_of("service-2")

    os.kill(before[0], signal.SIGKILL)

    eventually(lambda: running.pid_of("service-1") not in {0, before[0]})
    assert psutil.Process(running.pid_of("service-1")).is_running()
    assert running.pid_of("service-2") == before[1]
    eventually(lambda: "service-1 ended (signal 9); restarting it in 0.5 s" in running.text)


def test_every_process_runs_once_after_the_guard_was_killed(running: Launch) -> None:
    def pids() -> set[int]:
        texts = [record.read_text() for record in running.data.run.glob("*.pid")]
        return {int(text.split()[0]) for text in texts}

    before = [psutil.Process(pid) for pid in pids()]
    shown = len(running.text)

    before[0].parent().kill()  # type: ignore[union-attr]

    eventually(lambda: running.text[shown:].count("running again") == len(before), 30)
    gone = {process.pid for process in before}
    assert len(pids() - gone) == len(before)
    assert alive(before) == []


def test_killed_postgres_restarts_on_its_data(running: Launch) -> None:
    shown = len(running.text)
    record = running.data.run / "postgres.pid"
    postgres = psutil.Process(int(record.read_text().split()[0]))

    postgres.kill()

    eventually(lambda: "postgres             running again" in running.text[shown:], 30)
