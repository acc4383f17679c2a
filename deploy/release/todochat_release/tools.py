"""Runs the tools that build and check a release."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from todochat_local.node import Node, find_node

ROOT: Final = Path(__file__).resolve().parents[3]
TIMEOUT_S: Final = 900


class ReleaseError(Exception):
    """A file of the release can't be built, or fails its check."""


class UnavailableError(ReleaseError):
    """This machine lacks something that a part needs; says what."""


@dataclass(frozen=True)
class Tools:
    """The environment of the tools.

    Args:
        environ: the caller's environment.
        python: the Python that runs uv.
    """

    environ: Mapping[str, str]
    python: str

    @property
    def node(self) -> Node:
        """Return the Node.js that runs npm."""
        return find_node(self.environ)

    def uv(self, *arguments: str) -> str:
        """Run uv in the repository, as `run` does."""
        return self.run(["uv", *arguments], cwd=ROOT)

    def npm(self, *arguments: str, cwd: Path) -> str:
        """Run npm, as `run` does."""
        return self.run([*self.node.npm, *arguments], cwd=cwd)

    def run(self, command: Sequence[str], *, cwd: Path, timeout_s: float = TIMEOUT_S) -> str:
        """Run a command and return its output.

        Raises:
            ReleaseError: it isn't installed or failed; the message has the output.
        """
        bin_folder = str(Path(self.python).parent)
        path = os.pathsep.join([bin_folder, self.node.path(self.environ)])
        try:
            done = subprocess.run(  # noqa: S603 - commands of this program
                command,
                check=False,
                cwd=cwd,
                env={**self.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except FileNotFoundError as error:
            msg = f"{command[0]} is not installed"
            raise ReleaseError(msg) from error
        if done.returncode != 0:
            msg = f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
            raise ReleaseError(msg)
        return done.stdout
