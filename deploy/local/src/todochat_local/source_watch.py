"""`--reload`: notices changed source files by looking at them once a second."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LOOK_S: Final = 1.0


async def watch_sources(packages: Sequence[str]) -> AsyncGenerator[str, None]:
    """Yield the name of a package, or of a module that is a file, whenever it has changed."""
    seen = {package: _newest(package) for package in packages}
    while True:
        await asyncio.sleep(LOOK_S)
        for package in packages:
            newest = _newest(package)
            if newest != seen[package]:
                seen[package] = newest
                yield package


def _newest(package: str) -> tuple[int, int]:
    """Return the time of the last change and the number of files: both change with a deletion."""
    times = [path.stat().st_mtime_ns for path in _files(package)]
    return max(times, default=0), len(times)


def _files(package: str) -> Iterable[Path]:
    # An agent of one's own may lie in the folder one is in, where the worker finds it, too.
    spec = PathFinder.find_spec(package, [str(Path.cwd()), *sys.path]) or find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.origin is not None else []
    folders = [Path(location) for location in spec.submodule_search_locations]
    return [path for folder in folders for path in folder.rglob("*.py")]
