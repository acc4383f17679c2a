"""The context that a hosted server gets with each call, and the way back to our own context.

A server is written for a context of its author's: often a dict, sometimes a class. It passes the
context on to the store, to agents and to tools, and may copy or replace it on the way.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Self

from chatkit.server import ChatKitServer

from durable_chatkit.chatkit.context import RequestContext

CONTEXT_KEY: Final = "_durable_chatkit"


class ContextLink:
    """A reference to our context that survives copies of the dict that contains it.

    Args:
        for_client: the store returns times in UTC, for a response to a client.
    """

    def __init__(self, request: RequestContext, *, for_client: bool = False) -> None:
        self.request = request
        self.for_client = for_client

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<context of {self.request.user_id}>"


_current: ContextVar[ContextLink | None] = ContextVar("durable_chatkit_request", default=None)


class TurnContext(dict[str, Any]):
    """The context of a request, as a dict whose keys are attributes, too.

    Keys are `user_id`, `locale`, `timezone` and `headers`, the request headers named in
    CHAT_GATEWAY_FORWARD_HEADERS. An attribute without a key is looked up in the headers:
    `context.article_id` is the header `article-id`.
    """

    @classmethod
    def of(cls, request: RequestContext, *, for_client: bool = False) -> Self:
        """Make the context of a request or run."""
        return cls(
            user_id=request.user_id,
            locale=request.locale,
            timezone=request.timezone,
            headers=dict(request.headers),
            **{CONTEXT_KEY: ContextLink(request, for_client=for_client)},
        )

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        headers: Mapping[str, str] = self.get("headers") or {}
        header = name.replace("_", "-").lower()
        if header in headers:
            return headers[header]
        msg = (
            f"the context has no {name!r}; to get the request header {header!r}, add it to "
            "CHAT_GATEWAY_FORWARD_HEADERS"
        )
        raise AttributeError(msg)


def make_context(
    server: ChatKitServer[Any], request: RequestContext, *, for_client: bool = False
) -> Any:
    """Return the context for a server's methods: what its `make_request_context` returns, if any.

    The method takes a `TurnContext`; it is for servers that need a class of their own.
    """
    context = TurnContext.of(request, for_client=for_client)
    make: Callable[[TurnContext], Any] | None = getattr(server, "make_request_context", None)
    return context if make is None else make(context)


@contextmanager
def current_request(request: RequestContext, *, for_client: bool = False) -> Iterator[None]:
    """Make a context the one of the store's calls whose own context has no link to ours."""
    token = _current.set(ContextLink(request, for_client=for_client))
    try:
        yield
    finally:
        _current.reset(token)


def find_link(context: Any) -> ContextLink:
    """Return the link to our context.

    Raises:
        RuntimeError: neither `context` nor the running task belongs to a request.
    """
    if isinstance(context, RequestContext):
        return ContextLink(context)
    if isinstance(context, Mapping):
        link = context.get(CONTEXT_KEY)
        if isinstance(link, ContextLink):
            return link
    current = _current.get()
    if current is None:
        msg = "the store was called outside of a request, with a context that isn't from one"
        raise RuntimeError(msg)
    return current
