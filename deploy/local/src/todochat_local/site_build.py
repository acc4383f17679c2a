"""Builds the web site of `frontend/app` if it is missing or older than its sources.

The edge serves `DATA_DIR/caddy/site`, a copy: the edge reads the content security policy of the
pages at its start, and a later build would replace the pages of a running stack. If the site can't
be built, the copy is an older build or the plain page next to the Caddyfile.
"""

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from todochat_local.child import ChildSpec
from todochat_local.data_dir import DataDir
from todochat_local.node import Node, NodeError, find_node
from todochat_local.plan import LaunchStep, StartError, TaskRunner
from todochat_local.shell_command import shell_command

SITE: Final = "site"
SITE_VARIABLE: Final = "TODOCHAT_SITE"
PLAIN: Final = "plain"
INSTALL_TIMEOUT_S: Final = 900.0
BUILD_TIMEOUT_S: Final = 900.0
LOCK_POLL_S: Final = 0.5
# Folders that a build creates or doesn't read.
_NOT_SOURCES: Final = frozenset(
    {"node_modules", ".next", "out", "out-seed", "test", "tests", "demo", "coverage"}
)
_NOT_SOURCE_FILES: Final = (".md", ".d.ts", ".test.ts", ".test.tsx", ".tsbuildinfo")
# The chat component is an input of the site, so a manual rebuild makes the site outdated.
_ELEMENT: Final = Path("packages", "open-chatkit", "dist")
_PUBLIC_PREFIX: Final = "NEXT_PUBLIC_"


class Frontend:
    """The npm workspace and its build.

    Args:
        environ: the caller's; its NEXT_PUBLIC_ variables are compiled into the site.
        out: the build's output folder in `app`.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], out: str = "out") -> None:
        self.folder: Final = folder
        self.out: Final = folder / "app" / out
        self.lock: Final = folder / "app" / ".build.lock"
        self._stamp = self.out / ".edge" / "settings.json"
        self._public = {
            name: value
            for name, value in environ.items()
            if name.startswith(_PUBLIC_PREFIX) and value
        }

    @property
    def exists(self) -> bool:
        """Return whether the sources exist; an installed package has none."""
        return (self.folder / "package-lock.json").exists()

    @property
    def is_built(self) -> bool:
        """Return whether a complete build exists, current or not."""
        return self._stamp.exists()

    def is_current(self) -> bool:
        """Return whether the build is newer than its sources and has the same settings."""
        try:
            built_at = self._stamp.stat().st_mtime
            settings = json.loads(self._stamp.read_bytes())
        except (OSError, ValueError):
            return False
        return settings == self._public and all(
            path.stat().st_mtime <= built_at for path in self._sources()
        )

    def has_packages(self) -> bool:
        """Return whether node_modules matches package-lock.json, by npm's record of installed packages."""
        try:
            wanted = json.loads((self.folder / "package-lock.json").read_bytes())["packages"]
            record = self.folder / "node_modules" / ".package-lock.json"
            installed = json.loads(record.read_bytes())["packages"]
        except (OSError, ValueError, KeyError):
            return False
        return all(
            installed.get(name, {}).get("version") == package.get("version")
            for name, package in wanted.items()
            if name.startswith("node_modules/")
            and not package.get("link")
            # npm leaves out packages of other platforms and their peers.
            and not any(package.get(kind) for kind in ("optional", "devOptional", "peer"))
        )

    def _sources(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.folder):
            inside = Path(folder).relative_to(self.folder)
            folders[:] = [
                name
                for name in folders
                if name not in _NOT_SOURCES and (name != "dist" or inside / name == _ELEMENT)
            ]
            yield from (
                Path(folder, name)
                for name in files
                if not name.startswith(".") and not name.endswith(_NOT_SOURCE_FILES)
            )


def frontend_dir() -> Path:
    """Return the npm workspace of this repository; it may not exist."""
    return Path(__file__).parents[4] / "frontend"


def served_site(data: DataDir) -> Path:
    """Return the folder that the edge serves."""
    return data.caddy / SITE


def site_step(
    data: DataDir, plain_page: Path, frontend: Frontend, environ: Mapping[str, str]
) -> LaunchStep:
    """Return the step that copies the site, or the plain page, to the folder of the edge.

    Args:
        plain_page: the folder to serve if there is no site.
        environ: the environment of npm and Node.js.
    """

    async def ensure(runner: TaskRunner) -> str:
        try:
            return await prepare_site(runner, data, plain_page, frontend, environ)
        except OSError as error:  # such as a full disk
            raise StartError(SITE, f"can't be copied: {error.strerror or error}") from error

    return LaunchStep(name=SITE, action=ensure)


def will_build(frontend: Frontend, environ: Mapping[str, str]) -> bool:
    """Return whether the launch will build the site."""
    return not environ.get(SITE_VARIABLE) and frontend.exists and not frontend.is_current()


async def prepare_site(
    runner: TaskRunner,
    data: DataDir,
    plain_page: Path,
    frontend: Frontend,
    environ: Mapping[str, str],
) -> str:
    """Copy the folder to serve and return a summary for the report.

    Raises:
        StartError: TODOCHAT_SITE is not a folder.
    """
    target = served_site(data)
    chosen = environ.get(SITE_VARIABLE)
    if chosen == PLAIN:
        replace_folder(plain_page, target)
        return f"the plain page ({SITE_VARIABLE}={PLAIN})"
    if chosen:
        copy_chosen_site(Path(chosen), target)
        return f"the folder {chosen} ({SITE_VARIABLE})"
    if not frontend.exists:
        replace_folder(plain_page, target)
        return "the plain page: the sources of the site are missing"
    try:
        async with build_lock(frontend):
            is_current = frontend.is_current()
            if not is_current:
                await build_site(runner, frontend, environ)
            replace_folder(frontend.out, target)
    except (NodeError, StartError, OSError) as error:
        reason = str(error)
        if isinstance(error, StartError):  # the log has the output of npm
            logs = shell_command("logs", data)
            reason = f"npm {error.reason}; see `{logs} {error.name}`"
        folder, name = (
            (frontend.out, "an older build")
            if frontend.is_built
            else (plain_page, "the plain page")
        )
        replace_folder(folder, target)
        return f"{name}, because the build failed: {reason}"
    return "" if is_current else "built"


async def build_site(runner: TaskRunner, frontend: Frontend, environ: Mapping[str, str]) -> None:
    """Install missing packages and build the site.

    Raises:
        NodeError: there is no Node.js.
        StartError: npm failed.
    """
    node = find_node(environ)
    if not frontend.has_packages():
        install = _npm(node, frontend, environ, "site-packages", "ci", "--no-audit", "--no-fund")
        await runner.run_task(install, INSTALL_TIMEOUT_S)
    build = _npm(node, frontend, environ, "site-build", "run", "build")
    await runner.run_task(build, BUILD_TIMEOUT_S)


def _npm(
    node: Node, frontend: Frontend, environ: Mapping[str, str], name: str, *arguments: str
) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=[*node.npm, *arguments],
        env={**environ, "PATH": node.path(environ), "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"},
        cwd=frontend.folder,
    )


@asynccontextmanager
async def build_lock(frontend: Frontend) -> AsyncIterator[None]:
    """Hold the lock that allows one build at a time across launchers."""
    with frontend.lock.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(LOCK_POLL_S)
        yield


def copy_chosen_site(folder: Path, target: Path) -> None:
    """Serve the folder that TODOCHAT_SITE names.

    Raises:
        StartError: it is not a folder.
    """
    if not folder.is_dir():
        raise StartError(SITE, f"{SITE_VARIABLE}={folder} is not a folder")
    replace_folder(folder, target)


def replace_folder(folder: Path, target: Path) -> None:
    """Replace `target` with a copy of `folder`; the edge isn't running yet."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(folder, target)
