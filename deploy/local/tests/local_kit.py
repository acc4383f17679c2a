"""Starts launchers in tests and finds their processes."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from todochat.testing.processes import processes_using
from todochat_local.data_dir import DATA_DIR_VARIABLE, DataDir
from todochat_local.engine_home import outside_dir

T = TypeVar("T")
PROGRAM = Path(__file__).with_name("launch_with_fakes.py")


def eventually(condition: Callable[[], T], timeout_s: float = 15.0) -> T:
    """Return the first truthy result of `condition`."""
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.02)
    return result


class Launch:
    """A launcher in its own process, on a data directory."""

    def __init__(
        self,
        folder: Path,
        *,
        data_dir: Path | None = None,
        prefix: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.data = DataDir(data_dir or folder / "data")
        self.output = folder / "output.txt"
        self._prefix = prefix  # a program that runs the launcher, such as setpriv
        self._environ = environ
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *behaviors: str) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [*self._prefix, sys.executable, str(PROGRAM), str(self.data.path), *behaviors],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environ,
            )
        self._processes.append(process)
        return process

    def start_until_ready(self, *behaviors: str) -> "subprocess.Popen[bytes]":
        process = self.start(*behaviors)
        eventually(lambda: "\nready after" in self.text or process.poll() is not None, 60)
        assert process.poll() is None, self.text
        return process

    @property
    def text(self) -> str:
        """The launcher's output."""
        return self.output.read_text()

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.data.state.read_text())
        return state

    def pid_of(self, service: str) -> int:
        pids: list[int] = self.state["services"][service]["pids"]
        return pids[0] if pids else 0

    def url_of(self, service: str) -> str:
        url: str = self.state["services"][service]["url"]
        return url

    def has(self, name: str) -> bool:
        """Return whether a file exists in the data directory or in the folder outside."""
        return (self.data.path / name).exists() or (outside_dir(self.data) / name).exists()

    def living(self) -> list[psutil.Process]:
        """All processes with this data directory in their environment or command line."""
        return processes_using(self.data.path, DATA_DIR_VARIABLE)

    def stop(self) -> None:
        """Stop the launchers with SIGTERM; keep the data."""
        for launcher in self._processes:
            if launcher.poll() is None:
                launcher.terminate()
            launcher.wait(30)

    def clean_up(self) -> None:
        for launcher in self._processes:
            if launcher.poll() is None:
                launcher.kill()
            launcher.wait(10)
        for process in self.living():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(outside_dir(self.data), ignore_errors=True)


@contextmanager
def held(data: DataDir, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock of a data directory."""
    with data.lock.open("rb") as file:
        fcntl.flock(file, kind)
        yield


def alive(processes: Sequence[psutil.Process]) -> list[int]:
    """Return the PIDs of running processes; psutil also compares start times."""
    return [process.pid for process in processes if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs; one that ends during the check doesn't."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def tree_of(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def modes(root: Path, *, without: Path) -> dict[str, tuple[int, int, int]]:
    """Return mode and owner of everything under `root` but not under `without`."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) != without]
        for name in [".", *files]:
            entry = Path(folder, name).lstat()
            found[str(Path(folder, name))] = (entry.st_mode, entry.st_uid, entry.st_gid)
    return found
