"""Imports libraries without optional packages that they would load only because they are installed.

Each service's `__main__` imports this module before all others, since the first import of a library
decides. The figures are memory of one process.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let imports of a package fail as if it weren't installed; afterwards they work again."""
    loaded = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]  # documented: ModuleNotFoundError
    try:
        yield
    finally:
        del sys.modules[package]
        if loaded is not None:
            sys.modules[package] = loaded


with hidden("rich"):  # 3.7 MB with Pygments, for colored tracebacks; ours are JSON or plain
    import structlog  # noqa: F401
with hidden("opentelemetry.sdk.metrics"):  # 2.4 MB, for metrics of redis-py that are off
    import redis.asyncio  # noqa: F401
