"""The guard without a launcher: its reports, logs and signals."""

import asyncio
import errno
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from todochat.testing import wait_until
from todochat_local import child as child_module
from todochat_local.child import Child, ChildError, ChildSpec, GuardProcess
from todochat_local.data_dir import DataDir
from todochat_local.guard import RotatingLog
from todochat_local.lock import DataDirLock
from todochat_local.log_file import LogFollower, read_tail


class ChildStarter:
    """Starts children and kills the remaining ones."""

    def __init__(self, data: DataDir, lock: DataDirLock) -> None:
        self.data = data
        self.guard = GuardProcess(lock.children_fd)
        self._children: list[Child] = []

    async def start(self, program: str, grace_s: float = 10.0, name: str = "child") -> Child:
        command = [sys.executable, "-u", "-c", textwrap.dedent(program)]
        spec = ChildSpec(name=name, command=command, env={}, grace_s=grace_s)
        child = Child.spawn(spec, self.data, self.guard)
        self._children.append(child)
        await child.started()
        return child

    def log(self) -> list[str]:
        return read_tail(self.data.log_path("child"), 1000)

    async def clean_up(self) -> None:
        for child in self._children:
            child.kill()
            await child.wait()
        self.guard.close()


@pytest_asyncio.fixture
async def starter(tmp_path: Path) -> AsyncIterator[ChildStarter]:
    data = DataDir(tmp_path / "data")
    data.prepare()
    lock = DataDirLock(data)
    lock.acquire(lambda _: None)
    starter = ChildStarter(data, lock)
    yield starter
    await starter.clean_up()
    lock.release()


async def test_guard_reports_the_exit_status(starter: ChildStarter) -> None:
    child = await starter.start("import sys; print('out'); sys.exit(3)")

    assert await child.wait() == 3
    assert starter.log() == ["out"]
    assert list(starter.data.run.iterdir()) == []


async def test_missing_program_is_logged(starter: ChildStarter) -> None:
    spec = ChildSpec(name="child", command=["/no/such/program"], env={})
    child = Child.spawn(spec, starter.data, starter.guard)
    await child.started()

    assert await child.wait() == 127
    assert "cannot start /no/such/program: " in starter.log()[0]


async def test_unusable_log_file_is_an_error(starter: ChildStarter) -> None:
    starter.data.log_path("child").mkdir()

    with pytest.raises(ChildError, match="Is a directory"):
        await starter.start("pass")


async def test_child_that_ignores_its_stop_signal_is_killed_after_its_grace(
    starter: ChildStarter,
) -> None:
    child = await starter.start(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        time.sleep(600)
        """,
        grace_s=0.2,
    )
    await wait_until(lambda: starter.log() == ["deaf"])

    child.stop()

    assert await child.wait() == -signal.SIGKILL


async def test_grandchildren_in_other_process_groups_are_killed(starter: ChildStarter) -> None:
    child = await starter.start(
        """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                                 start_new_session=True)
        print(below.pid)
        time.sleep(600)
        """,
        grace_s=0.2,
    )
    await wait_until(starter.log)
    grandchild = psutil.Process(int(starter.log()[0]))

    child.stop()

    await child.wait()
    await wait_until(lambda: not grandchild.is_running() or is_zombie(grandchild))


async def test_rest_of_the_process_group_is_killed(starter: ChildStarter) -> None:
    child = await starter.start(
        """
        import subprocess, sys
        below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(below.pid)
        """
    )
    await child.wait()
    left = int(starter.log()[0])

    await wait_until(lambda: not psutil.pid_exists(left) or is_zombie(psutil.Process(left)))


async def test_terminated_guard_stops_its_children(starter: ChildStarter) -> None:
    first = await starter.start("import time; time.sleep(600)")
    second = await starter.start("import time; time.sleep(600)", name="second")

    guard_of(first).terminate()

    assert await first.wait() == -signal.SIGTERM
    assert await second.wait() == -signal.SIGTERM


async def test_children_are_stopped_one_by_one(starter: ChildStarter) -> None:
    first = await starter.start("import time; time.sleep(600)")
    second = await starter.start("import time; time.sleep(600)", name="second")

    first.stop()

    assert await first.wait() == -signal.SIGTERM
    assert guard_of(second).is_running()
    assert not second.has_ended


async def test_killed_guard_ends_its_children_and_is_replaced(starter: ChildStarter) -> None:
    first = await starter.start("import time; time.sleep(600)")
    sleeper = psutil.Process(first.pid)
    guard = guard_of(first)
    guard.kill()
    guard.wait()
    await first.wait()

    second = await starter.start("import sys; sys.exit(3)")

    assert await second.wait() == 3
    await wait_until(lambda: not sleeper.is_running() or is_zombie(sleeper))


async def test_guard_ends_after_its_children(starter: ChildStarter) -> None:
    child = await starter.start("import time; time.sleep(600)")
    guard = guard_of(child)
    child.stop()
    await child.wait()

    starter.guard.close()

    assert not guard.is_running()


async def test_failed_starts_leave_no_descriptor_and_no_process(starter: ChildStarter) -> None:
    child = await starter.start("import time; time.sleep(600)")
    guard = guard_of(child)
    before = guard.num_fds()
    (starter.data.run / "broken.pid.new").mkdir()

    for _ in range(3):
        with pytest.raises(ChildError, match="Is a directory"):
            await starter.start("pass", name="broken")

    await wait_until(lambda: guard.num_fds() == before)
    assert [each.pid for each in guard.children()] == [child.pid]


async def test_log_rotation_loses_no_lines(
    starter: ChildStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "LOG_MAX_BYTES", 2000)
    monkeypatch.setattr(child_module, "LOG_FILES", 2)
    path = starter.data.log_path("child")
    follower = LogFollower(path, from_end=False)
    lines = []
    for batch in range(6):
        program = f"for n in range({batch * 10}, {batch * 10 + 10}): print(str(n) * 20)"
        child = await starter.start(program)
        await child.wait()
        lines += list(follower.new_lines())
    follower.close()

    assert lines == [str(n) * 20 for n in range(60)]
    kept = sorted(each.name for each in starter.data.logs.iterdir())
    assert kept == ["child.log", "child.log.1"]
    assert path.stat().st_size <= 2000


def test_log_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    log = RotatingLog(str(path), 100, 2)
    log.write(b"a" * 90)

    path.unlink()
    log.write(b"b" * 90)
    log.write(b"c" * 90)
    log.close()

    kept = {each.name: each.read_text()[0] for each in tmp_path.iterdir()}
    assert kept == {"child.log": "c", "child.log.1": "b"}


def test_full_disk_during_a_rotation_harms_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "child.log"
    log = RotatingLog(str(path), 100, 2)
    log.write(b"a" * 90)

    def no_space(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.open", no_space)
        log.write(b"b" * 90)
    reader, writer = os.pipe()  # of another child
    log.write(b"c" * 90)
    log.close()

    os.write(writer, b"d")
    assert os.read(reader, 10) == b"d"
    assert path.read_text() == "c" * 90
    for fd in (reader, writer):
        os.close(fd)


async def test_children_end_when_the_launcher_ends(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from todochat_local.child import Child, ChildSpec, GuardProcess
        from todochat_local.data_dir import DataDir
        from todochat_local.lock import DataDirLock

        async def main():
            data = DataDir(Path({str(data.path)!r}))
            data.prepare()
            lock = DataDirLock(data)
            lock.acquire(print)
            spec = ChildSpec(name="a", command=["/bin/sleep", "600"], env={{}})
            child = Child.spawn(spec, data, GuardProcess(lock.children_fd))
            await child.started()
            print(child.pid, flush=True)
            await asyncio.sleep(600)

        asyncio.run(main())
    """
    launcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=asyncio.subprocess.PIPE
    )
    assert launcher.stdout
    sleeper = psutil.Process(int(await launcher.stdout.readline()))

    launcher.kill()

    await launcher.wait()
    await wait_until(lambda: not sleeper.is_running() or is_zombie(sleeper))


def guard_of(child: Child) -> psutil.Process:
    guard = psutil.Process(child.pid).parent()
    assert guard is not None
    return guard


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
