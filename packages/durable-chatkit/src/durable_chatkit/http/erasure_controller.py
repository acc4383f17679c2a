"""`DELETE /internal/users/{user_id}`: auth-session erases an account."""

from typing import Annotated, Any, Final

from litestar import Controller, delete
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import PathParameter

from durable_chatkit.erasure import AccountEraser
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.errors import ForbiddenError
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import bearer_token

CALLERS: Final = (Arrow.AUTH_TO_AGENT,)


def require_auth_session(
    connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler
) -> None:
    """Let auth-session through to the person that its token names.

    Raises:
        UnauthorizedError: there is no valid service token of that arrow.
        ForbiddenError: it names another person than the path.
    """
    tokens: ServiceTokens = connection.app.state.service_tokens
    caller = tokens.verify(CALLERS, bearer_token(connection.headers))
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The token is for another user than the path.")


class ErasureController(Controller):
    """Erases accounts."""

    path = "/internal/users"
    tags = ["accounts"]
    security = [{"bearer": []}]
    guards = [require_auth_session]
    exception_handlers = OUTAGE_HANDLERS

    @delete("/{user_id:str}")
    async def erase(
        self,
        user_id: Annotated[str, PathParameter(description="Whose account is gone.")],
        eraser: NamedDependency[AccountEraser],
    ) -> None:
        """Delete everything of a user; 409 `erasure-in-progress` while workers let go of runs."""
        await eraser.erase(user_id)
