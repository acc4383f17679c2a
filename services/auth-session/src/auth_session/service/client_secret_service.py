"""Finds the session of a login token, and issues client secrets for the chat."""

from datetime import UTC, datetime, timedelta

import msgspec

from auth_session.clients.hosted_chat import HostedChat
from auth_session.domain.session import UserSession
from auth_session.service.key_ring import KeyRing
from auth_session.storage.access_token_repository import AccessTokenRepository
from auth_session.storage.session_repository import SessionRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.access_tokens import looks_like_access_token
from todochat.identity.tokens import TokenIssuer, TokenVerifier


class ClientSecret(msgspec.Struct, frozen=True):
    """A ChatKit client secret."""

    secret: str
    expires_at: datetime


class ClientSecretService:
    """Verifies login tokens against the sessions in the database and issues client secrets."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        *,
        issuer: str,
        lifetime: timedelta,
        clock: Clock,
        hosted_chat: HostedChat | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._issuer = issuer
        self._verifier = TokenVerifier(issuer, keys)
        self._lifetime = lifetime
        self._clock = clock
        self._hosted_chat = hosted_chat

    async def find_session(self, login_token: str) -> UserSession:
        """Return the open session of a login token.

        Raises:
            UnauthorizedError: the token isn't valid, or its session has ended.
            ForbiddenError: it is a personal access token, which can't manage the account.
        """
        if looks_like_access_token(login_token):
            raise ForbiddenError(
                "A personal access token can't manage your account. Sign in instead."
            )
        identity = await self._verifier.login(login_token)
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).get_session(identity.sid)
        if session is None or session.user_id != identity.user_id:
            raise UnauthorizedError("The token is not valid.")
        if not session.is_open(self._clock()):
            raise UnauthorizedError("This session has ended.")
        return session

    async def create_client_secret(self, session: UserSession, user_id: str | None) -> ClientSecret:
        """Issue a client secret that expires with the session at the latest.

        Raises:
            ForbiddenError: `user_id` is another user.
            UnauthorizedError: the session has ended in the meantime.
            HostedChatError: OpenAI didn't issue the client secret.
        """
        if user_id is not None and user_id != session.user_id:
            raise ForbiddenError("You can only request a client secret for your own user.")
        if self._hosted_chat is not None:
            secret, expires_at = await self._hosted_chat(session.user_id)
            return ClientSecret(secret, datetime.fromtimestamp(expires_at, UTC))
        now = self._clock()
        began = int(now.timestamp())
        until = min(now + self._lifetime, session.expires_at)
        seconds = int(until.timestamp()) - began
        async with self._database.transaction() as transaction:
            # The row that records until when the tokens of the session are valid.
            tokens = (
                AccessTokenRepository(transaction)
                if session.is_access_token
                else SessionRepository(transaction)
            )
            if seconds < 1 or not await tokens.extend_tokens(session.sid, until, now):
                raise UnauthorizedError("This session has ended.")
        issuer = TokenIssuer(self._issuer, self._keys.current)
        secret, expires_at = issuer.client_secret(
            session.user_id, session.sid, began, ttl_s=seconds
        )
        return ClientSecret(secret, datetime.fromtimestamp(expires_at, UTC))
