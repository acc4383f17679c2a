"""The web site of `frontend/app`: built when it is missing or older than its sources.

The edge serves `DATA_DIR/caddy/site`: a copy, since pages and the policy that the edge read at its
start belong together, and the next build replaces them under a stack that runs. Where the site
can't be built it is a copy of the plain page beside the Caddyfile.
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
from todochat_local.layout import DataDir
from todochat_local.node import Node, NodeError, find_node
from todochat_local.plan import StartError, Step, TaskRunner
from todochat_local.spelling import typed

SITE: Final = "site"
SITE_VARIABLE: Final = "TODOCHAT_SITE"
PLAIN: Final = "plain"
INSTALL_TIMEOUT_S: Final = 900.0
BUILD_TIMEOUT_S: Final = 900.0
WAIT_S: Final = 0.5
# What a build makes, and what it never reads.
_NOT_SOURCES: Final = frozenset(
    {"node_modules", ".next", "out", "out-seed", "test", "tests", "demo", "coverage"}
)
_NOT_SOURCE_FILES: Final = (".md", ".test.ts", ".test.tsx", ".tsbuildinfo", "next-env.d.ts")
# The chat component is an input of the site: rebuilt by hand, it has to get there.
_ELEMENT: Final = Path("packages", "open-chatkit", "dist")
_PUBLIC_PREFIX: Final = "NEXT_PUBLIC_"


class Frontend:
    """The npm workspace and what was built of it.

    Args:
        environ: the caller's; its NEXT_PUBLIC_ variables go into the site.
        out: the folder that the build leaves in `app`.
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
        """Whether there is anything to build; an installed package has no sources."""
        return (self.folder / "package-lock.json").exists()

    @property
    def is_built(self) -> bool:
        """Whether there is a whole site, however old."""
        return self._stamp.exists()

    def is_current(self) -> bool:
        """Whether the site is newer than its sources and was built with these settings."""
        try:
            built_at = self._stamp.stat().st_mtime
            settings = json.loads(self._stamp.read_bytes())
        except (OSError, ValueError):
            return False
        return settings == self._public and all(
            path.stat().st_mtime <= built_at for path in self._sources()
        )

    def has_packages(self) -> bool:
        """Whether node_modules is what package-lock.json says; npm notes what it installed."""
        try:
            wanted = json.loads((self.folder / "package-lock.json").read_bytes())["packages"]
            notes = self.folder / "node_modules" / ".package-lock.json"
            installed = json.loads(notes.read_bytes())["packages"]
        except (OSError, ValueError, KeyError):
            return False
        return all(
            installed.get(name, {}).get("version") == package.get("version")
            for name, package in wanted.items()
            if name.startswith("node_modules/")
            and not package.get("link")
            # Those of other platforms are left out; their peers come with the platform's own.
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
    """Return the npm workspace of this repository; it needn't be there."""
    return Path(__file__).parents[4] / "frontend"


def served_site(data: DataDir) -> Path:
    """Return the folder that the edge serves."""
    return data.caddy / SITE


def site_step(
    data: DataDir, plain_page: Path, frontend: Frontend, environ: Mapping[str, str]
) -> Step:
    """Return the step that makes sure of something to serve, the site or the plain page.

    Args:
        plain_page: the folder to serve where there is no site.
        environ: for npm and Node.
    """

    async def ensure(runner: TaskRunner) -> str:
        try:
            return await _prepare(runner, data, plain_page, frontend, environ)
        except OSError as error:  # such as a full disk
            raise StartError(SITE, f"can't be copied: {error.strerror or error}") from error

    return Step(name=SITE, action=ensure)


def will_build(frontend: Frontend, environ: Mapping[str, str]) -> bool:
    """Tell whether the launch will take its time for the site."""
    return not environ.get(SITE_VARIABLE) and frontend.exists and not frontend.is_current()


async def _prepare(
    runner: TaskRunner,
    data: DataDir,
    plain_page: Path,
    frontend: Frontend,
    environ: Mapping[str, str],
) -> str:
    """Put what is to be served into its place and return what to say about it.

    Raises:
        StartError: there is no such site as the environment names.
    """
    target = served_site(data)
    chosen = environ.get(SITE_VARIABLE)
    if chosen == PLAIN:
        _copy(plain_page, target)
        return f"the plain page, as {SITE_VARIABLE} says"
    if chosen:
        _copy_chosen(Path(chosen), target)
        return f"the one in {chosen}, as {SITE_VARIABLE} says"
    if not frontend.exists:
        _copy(plain_page, target)
        return "the plain page: the sources of the site are not here"
    try:
        async with _building(frontend):
            is_current = frontend.is_current()
            if not is_current:
                await _build(runner, frontend, environ)
            _copy(frontend.out, target)
    except (NodeError, StartError, OSError) as error:
        folder, name = (
            (frontend.out, "an older one") if frontend.is_built else (plain_page, "the plain page")
        )
        _copy(folder, target)
        return f"{name}, since it can't be built: {_why(error, data)}"
    return "" if is_current else "built"


async def _build(runner: TaskRunner, frontend: Frontend, environ: Mapping[str, str]) -> None:
    """Install the packages if need be, and build.

    Raises:
        NodeError: there is no Node.
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
async def _building(frontend: Frontend) -> AsyncIterator[None]:
    """One build at a time, whichever launcher runs it."""
    with frontend.lock.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(WAIT_S)
        yield


def _copy_chosen(folder: Path, target: Path) -> None:
    if not folder.is_dir():
        raise StartError(SITE, f"{SITE_VARIABLE}={folder} is no folder")
    _copy(folder, target)


def _copy(folder: Path, target: Path) -> None:
    """Replace `target`; the edge of this data directory isn't running yet."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(folder, target)


def _why(error: Exception, data: DataDir) -> str:
    """Return a reason in one line; npm's own words are in the log of that name."""
    if isinstance(error, StartError):
        return f"npm {error.reason}; `{typed('logs', data)} {error.name}` says why"
    return str(error)
