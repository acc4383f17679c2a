"""The Python packages: built as wheels, and installed and imported in a new environment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from todochat_release.tools import ROOT, ReleaseError, Tools

LOCK: Final = ROOT / "requirements.lock"
# Imports every module of the wheels except those that need an extra. A module that fails names a
# dependency that its package doesn't declare.
IMPORT_ALL: Final = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not {"testing", "migrations", "__main__"} & set(module.name.split(".")):
            importlib.import_module(module.name)
"""


class Wheels:
    """The members of the workspace, and the command `todochat`."""

    name: Final = "wheels"

    def build(self, tools: Tools, folder: Path) -> list[Path]:
        """Build a wheel of each package, with the build system of the lock."""
        tools.uv("build", "--wheel", "--all-packages", "--no-build-isolation", "-o", str(folder))
        return sorted(folder.glob("*.whl"))

    def check(self, tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        """Install the wheels beside the packages of the lock, and import all of their modules.

        Every dependency has the version and the hash of the lock, and none is built.

        Raises:
            ReleaseError: a dependency is missing, or `todochat` has another version.
        """
        python = str(scratch / "venv/bin/python")
        tools.uv("venv", "--python", tools.python, str(scratch / "venv"))
        locked = ("--only-binary", ":all:", "--constraint", str(LOCK))
        tools.uv("pip", "install", "--python", python, *locked, *map(str, files))
        tools.uv("pip", "check", "--python", python)
        # distribution-version-...whl; our import packages are named like the distributions.
        names = [file.name.split("-")[0] for file in files]
        tools.run([python, "-I", "-c", IMPORT_ALL, *names], cwd=scratch)
        printed = tools.run([str(scratch / "venv/bin/todochat"), "--version"], cwd=scratch).strip()
        if printed != version_of(files):
            msg = f"todochat --version prints {printed}, the wheels have {version_of(files)}"
            raise ReleaseError(msg)


def version_of(files: Sequence[Path]) -> str:
    """Return the version of the wheels.

    Raises:
        ReleaseError: they differ.
    """
    versions = {file.name.split("-")[1] for file in files}
    if len(versions) != 1:
        msg = f"the wheels have different versions: {sorted(versions)}"
        raise ReleaseError(msg)
    return versions.pop()
