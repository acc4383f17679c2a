"""Imports libraries without optional packages that they would load only because they are installed.

Each service's `__main__` imports this module before all others, since the first import of a library
decides. The figures are memory of one process.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any


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


@contextmanager
def replaced(modules: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Let imports find stand-ins with these attributes; afterwards they find the modules again.

    A module that has been imported is not replaced.
    """
    missing = modules.keys() - sys.modules.keys()
    for name in missing:
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(modules[name])
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


with hidden("rich"):  # 3.7 MB with Pygments, for colored tracebacks; ours are JSON or plain
    import structlog  # noqa: F401
with hidden("opentelemetry.sdk.metrics"):  # 2.4 MB, for metrics of redis-py that are off
    import redis.asyncio  # noqa: F401
with replaced({"yaml": {}}):  # 1 MB, for an OpenAPI document in YAML; ours is JSON
    import litestar  # noqa: F401
# uvicorn's command line and its supervisors: 1.6 MB with click and multiprocessing.
with replaced({"uvicorn.main": {"Server": None, "main": None, "run": None}}):
    import uvicorn.server
vars(uvicorn)["Server"] = uvicorn.server.Server
