"""Opens sessions, refreshes them with rotating refresh tokens, and revokes them."""

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.limits import LOGIN_TOKEN_LIFETIME
from auth_session.domain.session import RefreshVerdict, UserSession, judge_refresh
from auth_session.domain.user import User
from auth_session.errors import AccountDisabledError, RefreshRefusedError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.metrics import REFRESHES
from auth_session.service.key_ring import KeyRing
from auth_session.service.refresh_tokens import RefreshTokens
from auth_session.service.secret_hash import hash_secret
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.user_repository import UserRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import UnauthorizedError
from todochat.identity.tokens import TokenIssuer
from todochat.ids import new_id

log = structlog.get_logger(__name__)


class SessionTokens(msgspec.Struct, frozen=True, kw_only=True):
    """The login token and refresh token of a session."""

    user: User
    access_token: str
    access_lifetime: timedelta
    refresh_token: str
    refresh_lifetime: timedelta


class SessionService:
    """Issues the login and refresh tokens of sessions, and revokes sessions."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        publisher: RevocationPublisher,
        refresh_tokens: RefreshTokens,
        *,
        issuer: str,
        session_lifetime: timedelta,
        refresh_lifetime: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keys = keys
        self._publisher = publisher
        self._refresh_tokens = refresh_tokens
        self._issuer = issuer
        self._session_lifetime = session_lifetime
        self._refresh_lifetime = refresh_lifetime
        self._clock = clock

    async def open_session(
        self, transaction: AsyncSession, user: User, user_agent: str | None = None
    ) -> SessionTokens:
        """Open a session for a user who has just been authenticated.

        Raises:
            AccountDisabledError: the account is disabled.
            UnauthorizedError: the account has been deleted in the meantime.
        """
        now = self._clock()
        locked = await UserRepository(transaction).share_lock_account(user.id)
        if locked is None:
            raise UnauthorizedError("This account no longer exists.")
        if locked.disabled_at is not None:
            raise AccountDisabledError
        session = UserSession(
            sid=new_id("ses"),
            user_id=user.id,
            expires_at=now + self._session_lifetime,
            tokens_until=now + LOGIN_TOKEN_LIFETIME,
        )
        await SessionRepository(transaction).add_session(session, now, user_agent)
        refresh_token = self._refresh_tokens.create_token()
        return await self._issue_tokens(transaction, session, user, refresh_token, now)

    async def refresh_session(self, refresh_token: str) -> SessionTokens:
        """Exchange a refresh token for its successor and a new login token.

        A token that was used within the last 30 s returns the same successor, unless the successor
        has been used.

        Raises:
            RefreshRefusedError: the token is unknown, expired or revoked; or it was reused, which
                ends its session.
            AccountDisabledError: the account is disabled.
        """
        async with self._database.transaction() as transaction:
            outcome = await self._try_refresh(transaction, refresh_token)
        # Raised after the commit: an error inside would roll back the revocation.
        if isinstance(outcome, SessionTokens):
            return outcome
        if isinstance(outcome, UserSession):
            log.warning("session.refresh_reused", sid=outcome.sid, user_id=outcome.user_id)
            await self._publisher.publish_best_effort([outcome])
        raise RefreshRefusedError("The session has ended. Sign in again.")

    async def revoke_session(self, sid: str, reason: str) -> None:
        """Revoke a session with its refresh tokens; services refuse its tokens within 5 s."""
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).revoke_session(
                sid, reason, self._clock()
            )
        if session is not None:
            log.info("session.revoked", sid=sid, user_id=session.user_id, reason=reason)
            await self._publisher.publish_best_effort([session])

    async def find_sid(self, refresh_token: str) -> str | None:
        """Return the session of a refresh token, even if either is expired or revoked."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).find_sid(hash_secret(refresh_token))

    async def find_user_id(self, refresh_token: str) -> str | None:
        """Return the user of a valid refresh token with an open session."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).find_user_id(
                hash_secret(refresh_token), self._clock()
            )

    async def _try_refresh(
        self, transaction: AsyncSession, refresh_token: str
    ) -> SessionTokens | UserSession | None:
        """Return the new tokens; the session if it was revoked for reuse; None if refused."""
        now = self._clock()
        sessions = SessionRepository(transaction)
        found = await sessions.lock_by_refresh_token(hash_secret(refresh_token))
        if found is None:
            REFRESHES.labels(RefreshVerdict.UNKNOWN.value).inc()
            return None
        session, token = found
        successors = {
            hash_secret(each): each
            for each in self._refresh_tokens.derive_successors(refresh_token)
        }
        stored = None
        if token.rotated_at is not None:
            stored = await sessions.find_refresh_token([*successors])
        verdict = judge_refresh(token, stored, session, now)
        REFRESHES.labels(verdict.value).inc()
        if verdict is RefreshVerdict.REUSED:
            return await sessions.revoke_session(session.sid, "refresh_reuse", now)
        user = await UserRepository(transaction).get_account(session.user_id)
        if user is not None and user.disabled_at is not None:
            raise AccountDisabledError
        if user is None or verdict is RefreshVerdict.ENDED:
            return None
        await sessions.extend_tokens(session.sid, now + LOGIN_TOKEN_LIFETIME, now)
        if stored is not None:
            successor = successors[stored.token_hash]
            return self._create_tokens(session, user, successor, stored.expires_at, now)
        await sessions.mark_rotated(token.token_hash, now)
        successor = next(iter(successors.values()))
        return await self._issue_tokens(transaction, session, user, successor, now)

    async def _issue_tokens(
        self,
        transaction: AsyncSession,
        session: UserSession,
        user: User,
        refresh_token: str,
        now: datetime,
    ) -> SessionTokens:
        # The login token of the last refresh must not outlive the session.
        refresh_until = min(now + self._refresh_lifetime, session.expires_at - LOGIN_TOKEN_LIFETIME)
        await SessionRepository(transaction).add_refresh_token(
            session.sid, hash_secret(refresh_token), now=now, expires_at=refresh_until
        )
        return self._create_tokens(session, user, refresh_token, refresh_until, now)

    def _create_tokens(
        self,
        session: UserSession,
        user: User,
        refresh_token: str,
        refresh_until: datetime,
        now: datetime,
    ) -> SessionTokens:
        issuer = TokenIssuer(self._issuer, self._keys.current)
        seconds = int(LOGIN_TOKEN_LIFETIME.total_seconds())
        token, _ = issuer.login_token(user.id, session.sid, int(now.timestamp()), ttl_s=seconds)
        return SessionTokens(
            user=user,
            access_token=token,
            access_lifetime=LOGIN_TOKEN_LIFETIME,
            refresh_token=refresh_token,
            refresh_lifetime=refresh_until - now,
        )
