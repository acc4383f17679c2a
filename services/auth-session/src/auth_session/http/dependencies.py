"""Dependencies of handlers: the services, and the session of a request."""

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency, Provide

from auth_session.domain.session import UserSession
from auth_session.services import Services
from todochat.errors import TooManyRequestsError
from todochat.http.dependencies import provide_services
from todochat.identity.tokens import bearer_token
from todochat.telemetry.logging import bind


async def provide_session(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> UserSession:
    """Return the open session of a request's login token.

    Raises:
        UnauthorizedError: there is no valid login token, or its session has ended.
        ForbiddenError: the token is a personal access token.
        TooManyRequestsError: the user has reached the limit of requests per minute.
    """
    token = bearer_token(request.headers)
    session = await services.client_secrets.find_session(token)
    await admit_request(session.user_id, request, services)
    return session


async def admit_request(user_id: str, request: Request[Any, Any, Any], services: Services) -> None:
    """Bind the user to log lines and count the request against the user's rate limit.

    Raises:
        TooManyRequestsError: the user has reached the limit of requests per minute.
    """
    bind(user_id=user_id)
    wait_s = await services.request_limit.take(user_id)
    if wait_s > 0:
        limit = request.app.state.settings.requests_per_minute
        msg = f"You can send at most {limit} requests per minute."
        raise TooManyRequestsError(msg, retry_after_s=wait_s)


DEPENDENCIES: Final = {
    **provide_services(Services),
    "session": Provide(provide_session),
}
