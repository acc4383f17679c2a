"""Who calls: a person with a login or access token, or an agent with a service token for one.

Client secrets open chat and nothing else; they fail the check of the login token's type.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from tasks_service.clients.access_token_directory import AccessTokenDirectory, VerifiedToken
from tasks_service.domain.change import Actor
from todochat.errors import ForbiddenError, TooManyRequestsError, UnauthorizedError
from todochat.identity.access_tokens import looks_like_access_token
from todochat.identity.revocation import RevocationSet
from todochat.identity.service_tokens import (
    TTL_S,
    Arrow,
    ServiceIdentity,
    ServiceTokens,
    looks_like_service_token,
)
from todochat.identity.tokens import LOGIN_TTL_S, TokenVerifier, bearer_token
from todochat.telemetry.logging import bind

ACCEPTED_ARROWS: Final = (Arrow.AGENT_TO_TASKS,)
ACCESS_TOKEN_SCOPE: Final = "tasks"  # noqa: S105 - a scope
RUN_ID_HEADER: Final = "X-Run-Id"
RUN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
RATE_COST: Final = "rate_cost"
_CALLER: Final = "tasks_caller"


class Caller(msgspec.Struct, frozen=True):
    """Who calls, verified.

    Attributes:
        sid: the session of the login token, or the access token itself; None for a service.
        expires_at: unix time in seconds; of an access token, when it is to be verified again.
    """

    user_id: str
    actor: Actor
    sid: str | None
    expires_at: float


class Authenticator:
    """Verifies the token of a request."""

    def __init__(
        self,
        verifier: TokenVerifier,
        service_tokens: ServiceTokens,
        revocations: RevocationSet,
        access_tokens: AccessTokenDirectory,
    ) -> None:
        self._verifier = verifier
        self._service_tokens = service_tokens
        self._revocations = revocations
        self._access_tokens = access_tokens

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Return who calls.

        Raises:
            UnauthorizedError: there is no valid token, or its session was signed out.
            ForbiddenError: an access token that was not made for tasks.
            UnavailableError: nobody can say at the moment whether an access token is good.
        """
        token = bearer_token(headers)
        if looks_like_service_token(token):
            service = self._service_tokens.verify(ACCEPTED_ARROWS, token)
            return Caller(service.user_id, "agent", None, time.time() + TTL_S)
        if looks_like_access_token(token):
            return self._admit(await self._access_tokens.find(token))
        identity = await self._verifier.login(token)
        self._revocations.check(identity.sid)
        return Caller(identity.user_id, "user", identity.sid, identity.expires_at)

    def service(self, token: str, arrow: Arrow) -> ServiceIdentity:
        """Return which service calls over an arrow, and for whom.

        Raises:
            UnauthorizedError: it is no valid service token of this arrow.
        """
        return self._service_tokens.verify([arrow], token)

    def _admit(self, token: VerifiedToken | None) -> Caller:
        if token is None:
            raise UnauthorizedError("The access token is not valid.")
        self._revocations.check(token.sid)
        if ACCESS_TOKEN_SCOPE not in token.scopes:
            raise ForbiddenError("This access token was not made for tasks.")
        # As a login token, so that no feed outlives the time for which a revocation is told.
        again_at = time.time() + LOGIN_TTL_S
        if token.expires_at is not None:
            again_at = min(again_at, token.expires_at.timestamp())
        return Caller(token.user_id, "user", token.sid, again_at)


async def require_own_path(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Let a caller through to the paths of the person the token names.

    Raises:
        UnauthorizedError: there is no valid token.
        ForbiddenError: the path is another person's.
    """
    caller = await connection.app.state.authenticator.authenticate(connection.headers)
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The token belongs to another user than the path.")
    # The agent names its run in each call, for the log lines of both sides to be put together.
    run_id = connection.headers.get(RUN_ID_HEADER.lower(), "") if caller.actor == "agent" else ""
    bind(user_id=caller.user_id, run_id=run_id if RUN_ID.fullmatch(run_id) else None)
    connection.scope["state"][_CALLER] = caller


async def limit_rate(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Count the request against the user's rate limit; comes after `require_own_path`.

    A route counts as one request, or as many as its `opt[RATE_COST]`. The agent isn't counted: the
    user's runs bound what it does.

    Raises:
        TooManyRequestsError: this minute's requests are used up.
    """
    caller: Caller = connection.scope["state"][_CALLER]
    if caller.actor == "agent":
        return
    cost = handler.opt.get(RATE_COST, 1)
    wait_s = await connection.app.state.rate_limit.take(caller.user_id, cost)
    if wait_s > 0:
        limit = connection.app.state.settings.requests_per_minute
        msg = f"At most {limit} requests a minute."
        raise TooManyRequestsError(msg, retry_after_s=wait_s)


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Return the caller that `require_own_path` let through."""
    caller: Caller = request.scope["state"][_CALLER]
    return caller
