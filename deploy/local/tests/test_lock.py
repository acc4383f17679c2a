"""Who runs on a data directory, and what `down` and `reset` may do about it."""

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
from todochat_local.down import stop_launcher
from todochat_local.layout import DATA_DIR_VARIABLE, DataDir, DataDirError
from todochat_local.lock import Lock, holder
from todochat_local.reset import delete_data


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def signalled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    pids: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: pids.append(pid))
    return pids


def test_down_signals_nobody_while_a_launcher_has_not_said_who_it_is(
    data: DataDir, said: list[str], signalled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "NAMELESS_S", 0.01)
    with held(data):
        code = stop_launcher(data, said.append)

    assert (code, signalled) == (1, [])
    assert "try again in a moment" in said[0]


def test_the_pid_of_a_launcher_that_is_just_starting_is_waited_for(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: data.lock.write_text("123\n"))
    with held(data):
        assert holder(data) == 123


def test_those_who_look_do_not_take_each_other_for_a_launcher(data: DataDir) -> None:
    with held(data, fcntl.LOCK_SH):
        assert holder(data) is None


def test_only_a_launcher_says_who_it_is(
    data: DataDir, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "NAMELESS_S", 0.01)
    mine = Lock(data)
    mine.acquire(said.append)
    nameless = holder(data)
    mine.release()
    mine = Lock(data)
    mine.acquire(said.append, pid=os.getpid())

    assert (nameless, holder(data)) == (0, os.getpid())
    mine.release()


def test_a_lock_that_reset_has_deleted_is_none(data: DataDir, said: list[str]) -> None:
    late = Lock(data)
    delete_data(data, said.append)

    with pytest.raises(DataDirError, match="try again in a moment"):
        late.acquire(said.append)


def test_reset_ends_what_a_killed_launcher_left_before_it_deletes(
    data: DataDir, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {DATA_DIR_VARIABLE: str(data.path)}
    left = subprocess.Popen(["/bin/sleep", "600"], env=environ, start_new_session=True)
    eventually(lambda: psutil.Process(left.pid).environ())  # empty for a moment after exec
    record = guard.Record(left.pid, guard.start_mark(left.pid), signal.SIGTERM)
    record.write(str(data.run / "postgres.pid"))
    alive_when_deleting = []

    def rmtree(path: Path) -> None:
        alive_when_deleting.append(bool(guard.start_mark(left.pid)))
        delete(path)

    delete = shutil.rmtree
    monkeypatch.setattr("todochat_local.reset.shutil.rmtree", rmtree)

    code = delete_data(data, said.append)

    left.kill()
    left.wait(5)
    assert code == 0
    assert set(alive_when_deleting) == {False}
    assert not data.path.exists()


def test_reset_waits_for_the_guards_of_a_killed_launcher(
    data: DataDir, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "GUARDS_GONE_TIMEOUT_S", 0.01)
    (data.run / "postgres.pid").write_text("still needed")
    with data.children_lock.open("wb") as guards:
        fcntl.flock(guards, fcntl.LOCK_SH)

        code = delete_data(data, said.append)

    assert code == 1
    assert "processes of an earlier start still run" in said[-1]
    assert (data.run / "postgres.pid").exists()


def test_reset_leaves_the_data_of_a_running_launcher_alone(data: DataDir, said: list[str]) -> None:
    data.lock.write_text("123\n")
    with held(data):
        code = delete_data(data, said.append)

        assert (code, holder(data)) == (1, 123)
    assert "stops it" in said[0]
    assert data.run.exists()
