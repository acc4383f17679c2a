"""`todochat` as a user runs it, on a separate data directory."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from todochat.testing import free_port
from todochat.testing.processes import processes_using
from todochat_local.data_dir import DATA_DIR_VARIABLE, DataDir
from todochat_local.engine_home import outside_dir

T = TypeVar("T")
TODOCHAT = str(Path(sys.executable).with_name("todochat"))
# Generous, since a machine that runs several suites at once needs a multiple of the usual 5 s.
UP_TIMEOUT_S = 110


def eventually(look: Callable[[], T], timeout_s: float = 30.0) -> T:
    """Return the first truthy result of `look`."""
    until = time.monotonic() + timeout_s
    while not (result := look()):
        assert time.monotonic() < until, f"not within {timeout_s} s"
        time.sleep(0.05)
    return result


class Installation:
    """The real services on real engines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = DataDir(folder / "data")
        self.output = folder / "up.txt"
        self.port = free_port()
        self._launcher: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        """Run `todochat up` in the foreground, without waiting; a previous one must be ending."""
        if self._launcher is not None:
            self._launcher.wait(60)
        command = [*self.command("up"), "--port", str(self.port), *options]
        with self.output.open("wb") as output:
            self._launcher = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=self.environ
            )
        return self._launcher

    def start_until_ready(self, *options: str) -> "subprocess.Popen[bytes]":
        launcher = self.start(*options)
        ready = re.compile(r"^ready after", re.MULTILINE)
        eventually(lambda: ready.search(self.text) or launcher.poll() is not None, UP_TIMEOUT_S)
        assert launcher.poll() is None, self.text
        return launcher

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another command of `todochat` to its end."""
        command, *rest = arguments
        return subprocess.run(
            [*self.command(command), *rest],
            check=False,
            capture_output=True,
            text=True,
            timeout=UP_TIMEOUT_S,
            env=self.environ,
        )

    def command(self, name: str) -> list[str]:
        return [TODOCHAT, name, "--data-dir", str(self.data.path)]

    @property
    def environ(self) -> dict[str, str]:
        plain = {"TODOCHAT_SITE": "plain"}  # these tests use no pages
        return {"PATH": os.defpath, "HOME": str(self.folder), "TZ": "Europe/Berlin", **plain}

    @property
    def text(self) -> str:
        return self.output.read_text()

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.data.state.read_text())
        return state

    def pids(self, service: str) -> list[int]:
        pids: list[int] = self.state["services"][service]["pids"]
        return pids

    def living(self) -> list[psutil.Process]:
        """Return every process with this data directory in its environment or command line."""
        return processes_using(self.data.path, DATA_DIR_VARIABLE)

    def clean_up(self) -> None:
        if self._launcher is not None and self._launcher.poll() is None:
            self._launcher.send_signal(signal.SIGTERM)
            self._launcher.wait(60)
        self.run("down")
        assert self.living() == []
        shutil.rmtree(outside_dir(self.data), ignore_errors=True)
