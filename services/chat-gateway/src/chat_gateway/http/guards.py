"""Who a request speaks for."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from todochat.errors import ForbiddenError
from todochat.tokens import TokenVerifier, bearer_token


async def require_own_secret(
    connection: "ASGIConnection[Any, Any, Any, Any]", _handler: BaseRouteHandler
) -> None:
    """Let a request through if its client secret belongs to the user in its path.

    A guard, not a dependency: it comes before anything else of the request is looked at, so
    whoever has no secret learns nothing. Handlers find the identity in `request.auth`.

    Raises:
        UnauthorizedError: there is no valid secret.
        ForbiddenError: the path is another user's.
    """
    verifier: TokenVerifier = connection.app.state.verifier
    identity = await verifier.client_secret(bearer_token(connection.headers))
    if connection.path_params["user_id"] != identity.user_id:
        raise ForbiddenError("The client secret was given out for another user.")
    connection.scope["auth"] = identity
