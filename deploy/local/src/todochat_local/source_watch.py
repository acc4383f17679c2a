"""`--reload`: polls source files for changes once a second."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

POLL_S: Final = 1.0


async def watch_sources(packages: Sequence[str]) -> AsyncGenerator[str, None]:
    """Yield the name of a package or single-file module whenever it has changed."""
    previous = {package: newest_change(package) for package in packages}
    while True:
        await asyncio.sleep(POLL_S)
        for package in packages:
            newest = newest_change(package)
            if newest != previous[package]:
                previous[package] = newest
                yield package


def newest_change(package: str) -> tuple[int, int]:
    """Return the time of the last change, and the number of files, which detects deletions."""
    times = [path.stat().st_mtime_ns for path in source_files(package)]
    return max(times, default=0), len(times)


def source_files(package: str) -> Iterable[Path]:
    """Return the source files of a package; empty if it isn't installed."""
    # The worker also imports an agent from the current folder.
    spec = PathFinder.find_spec(package, [str(Path.cwd()), *sys.path]) or find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.origin is not None else []
    folders = [Path(location) for location in spec.submodule_search_locations]
    return [path for folder in folders for path in folder.rglob("*.py")]
