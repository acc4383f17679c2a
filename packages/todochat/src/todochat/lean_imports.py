"""Imports libraries without optional packages that they would load only because they are installed.

Each service's `__main__` imports this module before all others, since the first import of a library
decides. The figures are memory of one process.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_ORM_NAMES: Final = {
    "sqlalchemy.ext.asyncio.scoping": ("async_scoped_session",),
    "sqlalchemy.ext.asyncio.session": (
        "AsyncAttrs",
        "AsyncSession",
        "AsyncSessionTransaction",
        "async_object_session",
        "async_session",
        "async_sessionmaker",
        "close_all_sessions",
    ),
}


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


def postpone_orm() -> None:
    """Let SQLAlchemy's ORM, 6 MB, load when a name of its asyncio extension that needs it is used.

    For processes that use the engine alone; call it before SQLAlchemy is imported.
    """
    name = "sqlalchemy.ext.asyncio"
    if name in sys.modules:
        return
    with replaced({module: dict.fromkeys(names) for module, names in _ORM_NAMES.items()}):
        package = import_module(name)
    modules = {each: module for module, names in _ORM_NAMES.items() for each in names}

    def load(attribute: str) -> object:
        if attribute not in modules:
            msg = f"module {name!r} has no attribute {attribute!r}"
            raise AttributeError(msg)
        return getattr(import_module(modules[attribute]), attribute)

    for each in modules:
        delattr(package, each)
    vars(package)["__getattr__"] = load


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
