"""One-time links with which a signed-in program signs its user in to a browser."""

import secrets
from datetime import datetime
from typing import Final

import structlog

from auth_session.domain.limits import SIGN_IN_LINK_LIFETIME
from auth_session.domain.session import UserSession
from auth_session.errors import RefreshRefusedError, SignInLinkRefusedError
from auth_session.service.secret_hash import hash_secret
from auth_session.service.session_service import SessionService, SessionTokens
from auth_session.storage.sign_in_link_repository import SignInLinkRepository
from todochat.clock import Clock
from todochat.database import Database

_TOKEN_BYTES: Final = 32

log = structlog.get_logger(__name__)


class SignInLinkService:
    """Creates and redeems links; a link becomes invalid when its session ends."""

    def __init__(self, database: Database, sessions: SessionService, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock

    async def create_link(
        self, session: UserSession, refresh_token: str | None
    ) -> tuple[str, datetime]:
        """Return a link's token and when it expires; replaces an earlier link of the session.

        Args:
            refresh_token: the refresh token of the session. A stolen login token, which lives for
                15 minutes, must not become a session that lives for weeks.

        Raises:
            RefreshRefusedError: `refresh_token` is missing, or not the session's current one.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock()
        expires_at = now + SIGN_IN_LINK_LIFETIME
        async with self._database.transaction() as transaction:
            stored = await SignInLinkRepository(transaction).replace_link(
                session.sid,
                hash_secret(token),
                refresh_token_hash=hash_secret(refresh_token or ""),
                now=now,
                expires_at=expires_at,
            )
        if not stored:
            raise RefreshRefusedError("The request needs the session's current refresh token.")
        log.info("sign_in_link.created", sid=session.sid, user_id=session.user_id)
        return token, expires_at

    async def redeem_link(self, token: str, user_agent: str | None) -> SessionTokens:
        """Redeem a link and open a session.

        Raises:
            SignInLinkRefusedError: the link is unknown, used, replaced or expired, or its session
                has ended.
            AccountDisabledError: the account is disabled.
        """
        async with self._database.transaction() as transaction:
            links = SignInLinkRepository(transaction)
            user = await links.redeem_link(hash_secret(token), self._clock())
            if user is None:
                raise SignInLinkRefusedError
            tokens = await self._sessions.open_session(transaction, user, user_agent)
        log.info("sign_in_link.redeemed", user_id=user.id)
        return tokens
