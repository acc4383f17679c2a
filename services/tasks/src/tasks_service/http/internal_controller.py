"""`/internal`: what other services ask; the edge lets nobody else through."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, delete
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import PathParameter

from tasks_service.http.problem_responses import documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.erasure_service import ErasureService
from todochat.errors import ForbiddenError
from todochat.identity.service_tokens import Arrow
from todochat.identity.tokens import bearer_token

_PROBLEMS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)


def require_auth_session(
    connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler
) -> None:
    """Let auth-session through to the person that its token names.

    Raises:
        UnauthorizedError: there is no valid service token of that arrow.
        ForbiddenError: it names another person than the path.
    """
    authenticator = connection.app.state.authenticator
    caller = authenticator.service(bearer_token(connection.headers), Arrow.AUTH_TO_TASKS)
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The token is for another user than the path.")


class InternalController(Controller):
    """Routes for services, which show a service token."""

    path = "/internal/users"
    include_in_schema = False  # the document is the public one; the edge answers 404 here
    guards = [require_auth_session]
    security = BEARER

    @delete(
        "/{user_id:str}",
        responses=documented(HTTPStatus.NO_CONTENT, None, "Nothing is left.", *_PROBLEMS),
    )
    async def erase_user(
        self,
        user_id: Annotated[str, PathParameter(description="Whose account is gone.")],
        erasure: NamedDependency[ErasureService],
    ) -> None:
        """Delete everything of a person for good, and end their feeds; may be repeated."""
        await erasure.erase(user_id)
