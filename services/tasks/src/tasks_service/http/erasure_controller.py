"""`/internal/users`: the erasure of a user, for auth-session; the edge blocks this path."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, delete
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import PathParameter

from tasks_service.http.problem_responses import documented
from tasks_service.http.task_controller import BEARER
from tasks_service.services import Services
from todochat.errors import ForbiddenError
from todochat.identity.service_tokens import Arrow
from todochat.identity.tokens import bearer_token

_PROBLEMS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)


def require_auth_session(
    connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler
) -> None:
    """Let auth-session act on the user that its token names.

    Raises:
        UnauthorizedError: there is no valid service token of that arrow.
        ForbiddenError: the path names another user than the token.
    """
    authenticator = connection.app.state.services.authenticator
    caller = authenticator.verify_service(bearer_token(connection.headers), Arrow.AUTH_TO_TASKS)
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The path names another user than the token.")


class TaskErasureController(Controller):
    """Erasure of a user's tasks, authenticated by a service token."""

    path = "/internal/users"
    include_in_schema = False  # the OpenAPI document is public; the edge returns 404 for this path
    guards = [require_auth_session]
    security = BEARER

    @delete(
        "/{user_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "Everything of the user is deleted.", *_PROBLEMS
        ),
    )
    async def erase_user(
        self,
        user_id: Annotated[str, PathParameter(description="The deleted user's ID.")],
        services: NamedDependency[Services],
    ) -> None:
        """Delete everything of a user for good and end their feeds; safe to repeat."""
        await services.erasure.erase(user_id)
