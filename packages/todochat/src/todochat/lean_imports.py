"""Imports libraries without optional packages that they would load only because they are installed.

Each service's `__main__` imports this module before all others, since the first import of a library
decides. The figures are memory of one process.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_ORM: Final = {
    "sqlalchemy.ext.asyncio": {
        "sqlalchemy.ext.asyncio.scoping": ["async_scoped_session"],
        "sqlalchemy.ext.asyncio.session": [
            "AsyncAttrs",
            "AsyncSession",
            "AsyncSessionTransaction",
            "async_object_session",
            "async_session",
            "async_sessionmaker",
            "close_all_sessions",
        ],
    }
}
_SENTINEL: Final = (
    "Sentinel",
    "SentinelConnectionPool",
    "SentinelManagedConnection",
    "SentinelManagedSSLConnection",
)
_REDIS: Final = {
    "redis": {
        "redis.cluster": ["RedisCluster"],
        "redis.sentinel": _SENTINEL,
        "redis.keyspace_notifications": [
            "ChannelType",
            "ClusterKeyspaceNotifications",
            "EventType",
            "KeyNotification",
            "KeyeventChannel",
            "KeyspaceChannel",
            "KeyspaceNotifications",
            "KeyspaceNotificationsInterface",
            "KeyspaceWorkerThread",
            "SubkeyeventChannel",
            "SubkeyspaceChannel",
            "SubkeyspaceeventChannel",
            "SubkeyspaceitemChannel",
            "get_channel_type",
        ],
    },
    "redis.asyncio": {
        "redis.asyncio.cluster": ["RedisCluster"],
        "redis.asyncio.sentinel": _SENTINEL,
        "redis.asyncio.keyspace_notifications": [
            "AsyncClusterKeyspaceNotifications",
            "AsyncKeyspaceNotifications",
            "AsyncKeyspaceNotificationsInterface",
        ],
    },
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


class LateName:
    """Stands in for a function or class of a module, which is imported when it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function or class."""
        return getattr(import_module(self._module), self._name)(*arguments, **options)

    def __getattr__(self, attribute: str) -> Any:
        """Return an attribute of the class."""
        return getattr(getattr(import_module(self._module), self._name), attribute)


def postpone(packages: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Import packages without some of their modules, which load when a name of them is used.

    No-op if one of the packages has been imported.

    Args:
        packages: package -> module -> all names that the package imports from it.
    """
    if packages.keys() & sys.modules.keys():
        return
    stand_ins = {
        module: dict.fromkeys(names)
        for modules in packages.values()
        for module, names in modules.items()
    }
    with replaced(stand_ins):
        for name in packages:
            import_module(name)
    for name, modules in packages.items():
        sources = {each: module for module, names in modules.items() for each in names}
        for each in sources:
            delattr(sys.modules[name], each)
        vars(sys.modules[name])["__getattr__"] = partial(load_attribute, name, sources)


def load_attribute(package: str, sources: Mapping[str, str], attribute: str) -> object:
    """Return a name of a package from the module that has it.

    Raises:
        AttributeError: no module has it.
    """
    if attribute not in sources:
        msg = f"module {package!r} has no attribute {attribute!r}"
        raise AttributeError(msg)
    return getattr(import_module(sources[attribute]), attribute)


def postpone_orm() -> None:
    """Postpone SQLAlchemy's ORM, 6 MB, in a process that uses the engine alone."""
    postpone(_ORM)


with hidden("rich"):  # 3.7 MB with Pygments, for colored tracebacks; ours are JSON or plain
    import structlog  # noqa: F401
with hidden("opentelemetry.sdk.metrics"):  # 2.4 MB, for metrics of redis-py that are off
    postpone(_REDIS)  # 1.7 MB: `todochat.bus` loads the cluster's client for a cluster
# 1 MB, for an OpenAPI document in YAML, ours is JSON; 0.5 MB, for LITESTAR_PDB.
with replaced({"yaml": {}, "pdb": {"post_mortem": LateName("pdb", "post_mortem")}}):
    import litestar  # noqa: F401
# uvicorn's command line and its supervisors: 1.6 MB with click and multiprocessing.
with replaced({"uvicorn.main": {"Server": None, "main": None, "run": None}}):
    import uvicorn.server
vars(uvicorn)["Server"] = uvicorn.server.Server
postpone({"jwt": {"jwt.jwks_client": ["PyJWKClient"]}})  # ours is `todochat.identity.jwks`
