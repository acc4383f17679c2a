"""`/internal`: what other services ask; the edge lets nobody else through."""

from typing import Any

from litestar import Controller, Response, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import RequestBody

from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.http.token_schemas import VerifiedAccessToken, VerifyAccessToken
from auth_session.service.access_token_service import AccessTokenService
from todochat.openapi import problems
from todochat.service_tokens import Arrow
from todochat.tokens import bearer_token


def require_tasks(
    connection: "ASGIConnection[Any, Any, Any, Any]", _handler: BaseRouteHandler
) -> None:
    """Let the tasks service through.

    Raises:
        UnauthorizedError: there is no valid service token of that arrow.
    """
    services = connection.app.state.services
    services.service_tokens.verify([Arrow.TASKS_TO_AUTH], bearer_token(connection.headers))


class InternalController(Controller):
    """Routes for services, which show a service token."""

    path = "/internal/access-tokens"
    include_in_schema = False  # the document is the public one; the edge answers 404 here
    security = BEARER
    guards = [require_tasks]

    @post("/verify", status_code=200, responses=problems(400, 401, 404, 413, 422, 503))
    async def verify_access_token(
        self,
        data: RequestBody[VerifyAccessToken],
        access_tokens: NamedDependency[AccessTokenService],
    ) -> Response[VerifiedAccessToken]:
        """Say whom an access token speaks for; 404 if it isn't good."""
        token = await access_tokens.verify(data.token)
        return Response(VerifiedAccessToken.of(token), headers=NO_STORE)
