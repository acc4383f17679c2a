"""Containers without an engine: an image's files in a chroot, restricted as deployments do it.

The process is the first of its PID namespace, is the image's user, has no capabilities and cannot
get any, and sees a read-only root with a writable /tmp. It shares the machine's network.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

COMMAND_TIMEOUT_S: Final = 60
# Args: the root, the user, the group, and the arguments of `env`.
_ENTER: Final = """
set -e
root=$1 user=$2 group=$3
shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=128m tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all env -i "$@"
"""


@dataclass(frozen=True)
class Image:
    """An image with its files mounted.

    Attributes:
        config: the Dockerfile's configuration in the format of Docker's API.
    """

    name: str
    root: Path
    config: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        paths = (
            Path(folder, name) for folder, _folders, names in os.walk(self.root) for name in names
        )
        return sum(path.lstat().st_size for path in paths)

    def command(self, variables: Mapping[str, str], command: Sequence[str]) -> list[str]:
        """Return the command line that runs a command in a container of this image."""
        environment = {**dict(each.split("=", 1) for each in self.config["Env"]), **variables}
        user, _, group = self.config["User"].partition(":")
        return [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "sh",
            str(self.root), user, group, "-C", self.config["WorkingDir"],
            *(f"{name}={value}" for name, value in environment.items()), *command,
        ]  # fmt: skip

    def run_once(self, variables: Mapping[str, str], command: Sequence[str]) -> None:
        """Run a one-shot to its end.

        Raises:
            AssertionError: it failed; has its output.
        """
        done = subprocess.run(
            self.command(variables, command),
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )
        assert done.returncode == 0, f"{self.name} {command}: {done.stdout}{done.stderr}"


@contextmanager
def mounted(tag: str) -> Iterator[Image]:
    """Mount an image of buildah's temporarily."""
    inspected = json.loads(_buildah("inspect", "--type", "image", tag))
    container = _buildah("from", "--pull-never", tag)
    try:
        root = Path(_buildah("mount", container))
        yield Image(tag, root, inspected["Docker"]["config"])
    finally:
        _buildah("rm", container)


class Container:
    """A running container.

    Args:
        arguments: instead of the image's own CMD.
    """

    def __init__(
        self,
        name: str,
        image: Image,
        variables: Mapping[str, str],
        log: Path,
        arguments: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.image = image
        self.log = log
        self._variables = variables
        given = image.config["Cmd"] or [] if arguments is None else arguments
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                image.command(variables, [*image.config["Entrypoint"], *given]),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    async def is_healthy(self) -> bool:
        """Run the image's own health check.

        Raises:
            AssertionError: the process has ended; has its log.
        """
        assert self._process.poll() is None, f"{self.name} ended: {self.log_tail()}"
        how, *command = self.image.config["Healthcheck"]["Test"]
        assert how == "CMD"
        check = await asyncio.create_subprocess_exec(
            *self.image.command(self._variables, command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return await check.wait() == 0

    def terminate(self) -> None:
        """Send the image's stop signal to its first process, as an engine does."""
        assert self.image.config["StopSignal"] == "SIGTERM"
        psutil.Process(self._process.pid).children()[0].send_signal(signal.SIGTERM)

    async def wait(self, timeout_s: float) -> int:
        """Return its exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return await asyncio.to_thread(self._process.wait, timeout_s)

    def log_tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """Kill it and its children."""
        if self._process.poll() is None:
            self._process.kill()  # and --kill-child its children
            self._process.wait(COMMAND_TIMEOUT_S)


def _buildah(*arguments: str) -> str:
    done = subprocess.run(
        ["buildah", *arguments], check=True, capture_output=True, text=True,
        timeout=COMMAND_TIMEOUT_S,
    )  # fmt: skip
    return done.stdout.strip()
