"""One-time links by which a program that is signed in signs its person in to a browser."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.limits import SIGN_IN_LINK_LIFETIME
from auth_session.domain.session import Session
from auth_session.errors import RefreshRefusedError, SignInLinkRefusedError
from auth_session.service.session_service import SessionService, SignedIn
from auth_session.storage.sign_in_link_repository import SignInLinkRepository
from todochat.database import Database

_TOKEN_BYTES: Final = 32

log = structlog.get_logger(__name__)


class SignInLinks:
    """Creates and redeems links. A link is as good as its session: when that ends, so does it."""

    def __init__(self, database: Database, sessions: SessionService, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock

    async def create(self, session: Session, refresh_token: str | None) -> tuple[str, datetime]:
        """Return a link's token and when it expires; an earlier link of the session is void.

        Args:
            refresh_token: of the same session. A login token alone lives 15 minutes; whoever
                stole one must not turn it into a session that lives for weeks.

        Raises:
            RefreshRefusedError: `refresh_token` is missing, or not the session's present one.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock()
        expires_at = now + SIGN_IN_LINK_LIFETIME
        async with self._database.transaction() as transaction:
            stored = await SignInLinkRepository(transaction).put(
                session.sid,
                _hash(token),
                refresh_token_hash=_hash(refresh_token or ""),
                now=now,
                expires_at=expires_at,
            )
        if not stored:
            raise RefreshRefusedError("The session's refresh token has to come with the request.")
        log.info("sign_in_link.created", sid=session.sid, user_id=session.user_id)
        return token, expires_at

    async def redeem(self, token: str, user_agent: str | None) -> SignedIn:
        """Use a link up and open a session.

        Raises:
            SignInLinkRefusedError: it is unknown, used, replaced or expired, or its session ended.
            AccountDisabledError: the account is disabled.
        """
        async with self._database.transaction() as transaction:
            user = await SignInLinkRepository(transaction).redeem(_hash(token), self._clock())
            if user is None:
                raise SignInLinkRefusedError
            signed_in = await self._sessions.open(transaction, user, user_agent)
        log.info("sign_in_link.redeemed", user_id=user.id)
        return signed_in


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
