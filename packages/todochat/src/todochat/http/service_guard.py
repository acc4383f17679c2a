"""Guards of routes that only other services call."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from todochat.errors import ForbiddenError
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import bearer_token


def require_service(*arrows: Arrow) -> Guard:
    """Return a guard that admits calls over one of `arrows`.

    A route with `{user_id}` in its path is open only for the user whom the token names. Tokens are
    verified by `app.state.service_tokens`.

    The guard raises:
        UnauthorizedError: the request has no valid service token of these arrows.
        ForbiddenError: the token names another user than the path.
    """

    def guard(connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler) -> None:
        tokens: ServiceTokens = connection.app.state.service_tokens
        caller = tokens.verify(arrows, bearer_token(connection.headers))
        if connection.path_params.get("user_id", caller.user_id) != caller.user_id:
            raise ForbiddenError("The token is for another user than the path.")

    return guard
