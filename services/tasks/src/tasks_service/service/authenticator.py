"""Verifies the token of a request.

A user calls with a login or access token, the agent with a service token that names the user.
Client secrets are valid for chat only; they fail the check of the login token's type.
"""

import time
from collections.abc import Mapping
from typing import Final

import msgspec

from tasks_service.clients.access_token_directory import AccessTokenDirectory
from tasks_service.domain.change import Actor
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.access_tokens import looks_like_access_token
from todochat.identity.revocation import RevocationSet
from todochat.identity.service_tokens import (
    TTL_S,
    Arrow,
    ServiceTokens,
    looks_like_service_token,
)
from todochat.identity.tokens import LOGIN_TTL_S, TokenVerifier, bearer_token

ACCEPTED_ARROWS: Final = (Arrow.AGENT_TO_TASKS,)
ACCESS_TOKEN_SCOPE: Final = "tasks"  # noqa: S105 - a scope


class AuthenticatedCaller(msgspec.Struct, frozen=True):
    """The verified caller of a request.

    Attributes:
        sid: session of the login token, or ID of the access token; None for a service.
        expires_at: when the token must be verified again, as unix time in seconds.
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

    async def authenticate(self, headers: Mapping[str, str]) -> AuthenticatedCaller:
        """Return the caller of a request.

        Raises:
            UnauthorizedError: there is no valid token, or its session was signed out.
            ForbiddenError: the access token has no scope for tasks.
            UnavailableError: auth-session, which verifies access tokens, is unreachable.
        """
        token = bearer_token(headers)
        if looks_like_service_token(token):
            service = self._service_tokens.verify(ACCEPTED_ARROWS, token)
            return AuthenticatedCaller(service.user_id, "agent", None, time.time() + TTL_S)
        if not looks_like_access_token(token):
            identity = await self._verifier.login(token)
            self._revocations.check(identity.sid)
            return AuthenticatedCaller(identity.user_id, "user", identity.sid, identity.expires_at)
        verified = await self._access_tokens.find(token)
        if verified is None:
            raise UnauthorizedError("The access token is not valid.")
        self._revocations.check(verified.sid)
        if ACCESS_TOKEN_SCOPE not in verified.scopes:
            raise ForbiddenError("This access token has no access to tasks.")
        # The lifetime of a login token, so that no feed outlasts the publication of a revocation.
        expires_at = time.time() + LOGIN_TTL_S
        if verified.expires_at is not None:
            expires_at = min(expires_at, verified.expires_at.timestamp())
        return AuthenticatedCaller(verified.user_id, "user", verified.sid, expires_at)
