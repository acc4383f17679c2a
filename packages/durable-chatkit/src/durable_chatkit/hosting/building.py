"""Builds a hosted server from its class, its factory or an instance, and gives it our store."""

import inspect
from collections.abc import Callable
from typing import Any, Final

import structlog
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore, Store

from todochat.settings import SettingsError

STORE_PARAMETERS: Final = frozenset({"store", "data_store"})
ATTACHMENT_PARAMETERS: Final = frozenset({"attachment_store", "attachments_store"})
_LEAVES: Final = (str, bytes, int, float, bool, type(None), dict, list, tuple, set)

log = structlog.get_logger(__name__)


def build_server(
    source: Any, store: Store[Any], attachments: AttachmentStore[Any]
) -> ChatKitServer[Any]:
    """Return a server that uses `store`.

    A class or factory is called with the store and the attachment store if it has parameters for
    them. Then every attribute that is the store that the server brought along is replaced, in the
    server itself and in its direct parts, such as a converter or an attachment store. A store that
    wraps the given one stays. Its attachment store stays, unless it has none or keeps files in
    memory, which api and worker can't share.

    Raises:
        SettingsError: the source can't be called so, or returns no ChatKitServer.
    """
    server = source if isinstance(source, ChatKitServer) else _call(source, store, attachments)
    if not isinstance(server, ChatKitServer):
        name = getattr(source, "__qualname__", repr(source))
        msg = f"setting TODO_AGENT_FACTORY: {name} returned no ChatKitServer but {server!r}"
        raise SettingsError(msg)
    own_store = vars(server).get("store")
    own_attachments = vars(server).get("attachment_store")
    # A store that wraps the given one has it in an attribute.
    wrapped = vars(own_store).values() if own_store is not None else ()
    if own_store is not store and not any(value is store for value in wrapped):
        if own_store is not None:
            _replace(server, own_store, store)
        server.store = store
    if own_attachments is None:
        server.attachment_store = attachments
    elif any(isinstance(value, dict) and not value for value in vars(own_attachments).values()):
        # An empty dict, in which it would keep files.
        log.warning("server.attachment_store_replaced", store=type(own_attachments).__name__)
        _replace(server, own_attachments, attachments)
        server.attachment_store = attachments
    return server


def _call(source: Callable[..., Any], store: Store[Any], attachments: AttachmentStore[Any]) -> Any:
    """Call a class or factory with what its parameters ask for, by name or else by position."""
    remaining = iter([store, attachments])
    positional: list[Any] = []
    named: dict[str, Any] = {}
    parameters = inspect.signature(source).parameters.values()
    for parameter in parameters:
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        if parameter.name in STORE_PARAMETERS:
            named[parameter.name] = next(remaining, store)
        elif parameter.name in ATTACHMENT_PARAMETERS:
            named[parameter.name] = attachments
        elif parameter.default is parameter.empty:
            value = next(remaining, None)
            if value is None or parameter.kind is parameter.KEYWORD_ONLY:
                msg = (
                    f"setting TODO_AGENT_FACTORY: {getattr(source, '__qualname__', source)} needs "
                    f"{parameter.name!r}; it is called with a store and an attachment store"
                )
                raise SettingsError(msg)
            positional.append(value)
    return source(*positional, **named)


def _replace(server: ChatKitServer[Any], old: object, new: object) -> None:
    """Replace an object in the attributes of a server and of its direct parts."""
    parts = [
        value
        for value in vars(server).values()
        if hasattr(value, "__dict__") and not (callable(value) or isinstance(value, _LEAVES))
    ]
    for owner in [server, *parts]:
        for name, value in list(vars(owner).items()):
            if value is old:
                setattr(owner, name, new)
