"""`--reload`: notices changed source files by looking at them once a second."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LOOK_S: Final = 1.0


async def watch_sources(packages: Sequence[str]) -> AsyncGenerator[str, None]:
    """Yield a package's name whenever one of its files has changed."""
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
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return 0, 0
    times = [path.stat().st_mtime_ns for path in Path(spec.origin).parent.rglob("*.py")]
    return max(times, default=0), len(times)
