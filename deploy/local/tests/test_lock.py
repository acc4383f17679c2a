"""The lock of a data directory, and the behavior of `down` and `reset` with it."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from local_kit import eventually, held

from todochat_local import guard, lock
from todochat_local.data_dir import DATA_DIR_VARIABLE, DataDir, DataDirError
from todochat_local.down import stop_launcher
from todochat_local.lock import DataDirLock, launcher_pid
from todochat_local.reset import delete_data


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def signaled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    pids: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: pids.append(pid))
    return pids


def test_down_signals_no_process_without_a_pid_in_the_lock(
    data: DataDir, messages: list[str], signaled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PID_TIMEOUT_S", 0.01)
    with held(data):
        code = stop_launcher(data, messages.append)

    assert (code, signaled) == (1, [])
    assert "try again in a moment" in messages[0]


def test_launcher_pid_waits_for_a_starting_launcher(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: data.lock.write_text("123\n"))
    with held(data):
        assert launcher_pid(data) == 123


def test_concurrent_readers_of_the_lock_see_no_launcher(data: DataDir) -> None:
    with held(data, fcntl.LOCK_SH):
        assert launcher_pid(data) is None


def test_only_a_launcher_writes_its_pid(
    data: DataDir, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PID_TIMEOUT_S", 0.01)
    mine = DataDirLock(data)
    mine.acquire(messages.append)
    nameless = launcher_pid(data)
    mine.release()
    mine = DataDirLock(data)
    mine.acquire(messages.append, pid=os.getpid())

    assert (nameless, launcher_pid(data)) == (0, os.getpid())
    mine.release()


def test_deleted_lock_file_is_rejected(data: DataDir, messages: list[str]) -> None:
    late = DataDirLock(data)
    delete_data(data, messages.append)

    with pytest.raises(DataDirError, match="try again in a moment"):
        late.acquire(messages.append)


def test_reset_ends_leftover_processes_before_it_deletes(
    data: DataDir, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {DATA_DIR_VARIABLE: str(data.path)}
    left = subprocess.Popen(["/bin/sleep", "600"], env=environ, start_new_session=True)
    eventually(lambda: psutil.Process(left.pid).environ())  # empty for a moment after exec
    record = guard.ChildRecord(left.pid, guard.start_mark(left.pid), signal.SIGTERM)
    record.write(str(data.run / "postgres.pid"))
    alive_when_deleting = []

    def rmtree(path: Path) -> None:
        alive_when_deleting.append(bool(guard.start_mark(left.pid)))
        delete(path)

    delete = shutil.rmtree
    monkeypatch.setattr("todochat_local.reset.shutil.rmtree", rmtree)

    code = delete_data(data, messages.append)

    left.kill()
    left.wait(5)
    assert code == 0
    assert set(alive_when_deleting) == {False}
    assert not data.path.exists()


def test_reset_waits_for_the_guard_of_a_killed_launcher(
    data: DataDir, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "GUARD_TIMEOUT_S", 0.01)
    (data.run / "postgres.pid").write_text("still needed")
    with data.children_lock.open("wb") as guard_lock:
        fcntl.flock(guard_lock, fcntl.LOCK_SH)

        code = delete_data(data, messages.append)

    assert code == 1
    assert "processes of an earlier start are still running" in messages[-1]
    assert (data.run / "postgres.pid").exists()


def test_reset_keeps_the_data_of_a_running_launcher(data: DataDir, messages: list[str]) -> None:
    data.lock.write_text("123\n")
    with held(data):
        code = delete_data(data, messages.append)

        assert (code, launcher_pid(data)) == (1, 123)
    assert "stops it" in messages[0]
    assert data.run.exists()
