"""Guards of the public routes: authentication, ownership of the path, and the rate limit."""

import re
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.services import Services
from todochat.errors import ForbiddenError, TooManyRequestsError
from todochat.telemetry.logging import bind

RUN_ID_HEADER: Final = "X-Run-Id"
RUN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
RATE_COST: Final = "rate_cost"
_CALLER: Final = "tasks_caller"


async def require_own_path(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Restrict callers to the paths of the user that their token names.

    Raises:
        UnauthorizedError: there is no valid token.
        ForbiddenError: the path names another user.
    """
    services: Services = connection.app.state.services
    caller = await services.authenticator.authenticate(connection.headers)
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The path names another user than the token.")
    # The agent sends its run's ID, which correlates the log lines of both services.
    run_id = connection.headers.get(RUN_ID_HEADER.lower(), "") if caller.actor == "agent" else ""
    bind(user_id=caller.user_id, run_id=run_id if RUN_ID.fullmatch(run_id) else None)
    connection.scope["state"][_CALLER] = caller


async def limit_rate(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Count the request against the user's rate limit; must follow `require_own_path`.

    A route counts as one request, or as many as its `opt[RATE_COST]`. Requests of the agent don't
    count: the limits on the user's runs bound them.

    Raises:
        TooManyRequestsError: the user has reached this minute's limit.
    """
    caller: AuthenticatedCaller = connection.scope["state"][_CALLER]
    if caller.actor == "agent":
        return
    services: Services = connection.app.state.services
    wait_s = await services.rate_limit.take(caller.user_id, handler.opt.get(RATE_COST, 1))
    if wait_s > 0:
        msg = f"You can send at most {services.settings.requests_per_minute} requests a minute."
        raise TooManyRequestsError(msg, retry_after_s=wait_s)


def provide_caller(request: Request[Any, Any, Any]) -> AuthenticatedCaller:
    """Return the caller that `require_own_path` authenticated."""
    caller: AuthenticatedCaller = request.scope["state"][_CALLER]
    return caller
