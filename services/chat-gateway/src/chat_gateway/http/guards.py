"""Guards: authenticate a request, then charge its cost to the user's limits.

A route names its cost with `opt=costs(...)`. Guards run before parameters are parsed and before
the handler is called, so a caller without a valid secret learns nothing. Handlers find the
`Admission` in `request.auth`.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers.base import BaseRouteHandler

from chat_gateway.services import Services
from chat_gateway.streams.admission import Admission, Cost
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.tokens import Identity, bearer_token
from todochat.telemetry.logging import bind

_COST: Final = "admission_cost"
_UNIX_TIME: Final = re.compile(r"[0-9]{1,11}")

AdmittedRequest = Request[Any, Admission, State]
CostOfRequest = Callable[[Any], Awaitable[Cost]]
"""Returns the cost of a request that depends on its body."""


def costs(cost: Cost | CostOfRequest) -> dict[str, Any]:
    """Return the `opt` of a route with this cost."""
    return {_COST: cost}


async def admit_secret(
    connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler
) -> None:
    """Admit a request whose client secret belongs to the user in its path.

    Raises:
        UnauthorizedError: there is no valid secret, or its session was signed out.
        ForbiddenError: the path belongs to another user.
        TooManyRequestsError: a limit is reached.
        StoreUnavailableError: Redis is unreachable, or has no memory for a turn.
    """
    services: Services = connection.app.state.services
    identity = await services.verifier.client_secret(bearer_token(connection.headers))
    if connection.path_params["user_id"] != identity.user_id:
        raise ForbiddenError("This client secret belongs to another user.")
    await _admit(connection, handler, identity)


async def admit_secret_or_link(
    connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler
) -> None:
    """Admit a request with a client secret, or with a signed link to this file.

    Raises:
        UnauthorizedError: there is no valid secret, and the link is invalid or has expired.
        ForbiddenError, TooManyRequestsError, StoreUnavailableError: see `admit_secret`.
    """
    query, path = connection.query_params, connection.path_params
    if "signature" not in query or "authorization" in connection.headers:
        await admit_secret(connection, handler)
        return
    services: Services = connection.app.state.services
    expires = str(query.get("expires", ""))
    expires_at = int(expires) if _UNIX_TIME.fullmatch(expires) else 0
    user_id, signature = path["user_id"], str(query["signature"])
    if not services.link_signer.is_valid(user_id, path["attachment_id"], expires_at, signature):
        raise UnauthorizedError("This link is invalid or has expired.")
    # A link has a user but no session: it opens this one file until it expires.
    await _admit(connection, handler, Identity(user_id, "", expires_at, "client-secret"))


async def _admit(
    connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler, identity: Identity
) -> None:
    started_at = time.perf_counter()
    bind(user_id=identity.user_id)
    cost: Cost | CostOfRequest = handler.opt[_COST]
    if not isinstance(cost, Cost):
        cost = await cost(connection)
    services: Services = connection.app.state.services
    connection.scope["auth"] = await services.admission.admit(identity, cost, started_at)
