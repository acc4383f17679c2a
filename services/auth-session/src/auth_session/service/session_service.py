"""Sessions: opening one, keeping it going with rotating refresh tokens, ending it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.clock import Clock
from auth_session.domain.limits import LOGIN_TOKEN_LIFETIME
from auth_session.domain.session import RefreshVerdict, RevokedSid, Session, judge_refresh
from auth_session.domain.user import User
from auth_session.errors import AccountDisabledError, RefreshRefusedError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.metrics import REFRESHES
from auth_session.service.key_ring import KeyRing
from auth_session.service.refresh_tokens import RefreshTokens, hash_refresh_token
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.user_repository import UserRepository
from todochat.database import Database
from todochat.errors import UnauthorizedError
from todochat.identity.tokens import TokenIssuer
from todochat.ids import new_id

log = structlog.get_logger(__name__)


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has after signing in: a login token and the refresh token behind it."""

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
        revocations: RevocationPublisher,
        refresh_tokens: RefreshTokens,
        *,
        issuer: str,
        session_lifetime: timedelta,
        refresh_lifetime: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keys = keys
        self._revocations = revocations
        self._refresh_tokens = refresh_tokens
        self._issuer = issuer
        self._session_lifetime = session_lifetime
        self._refresh_lifetime = refresh_lifetime
        self._clock = clock

    async def open(
        self, transaction: AsyncSession, user: User, user_agent: str | None = None
    ) -> SignedIn:
        """Open a session for somebody who has just proved who they are.

        Raises:
            AccountDisabledError: the account is disabled.
            UnauthorizedError: it was deleted at this moment.
        """
        now = self._clock()
        held = await UserRepository(transaction).hold(user.id)
        if held is None:
            raise UnauthorizedError("This account does not exist any more.")
        _require_enabled(held)
        session = Session(
            sid=new_id("ses"),
            user_id=user.id,
            expires_at=now + self._session_lifetime,
            tokens_until=now + LOGIN_TOKEN_LIFETIME,
        )
        await SessionRepository(transaction).add(session, now, user_agent)
        return await self._issue(transaction, session, user, self._refresh_tokens.create(), now)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Trade a refresh token for its successor and a new login token.

        A token that was used within the last 30 s yields the same successor, as long as that
        hasn't been used.

        Raises:
            RefreshRefusedError: it is unknown, expired or revoked; or it was used before, and then
                the session it belongs to ends here.
            AccountDisabledError: the account is disabled.
        """
        async with self._database.transaction() as transaction:
            outcome = await self._try_refresh(transaction, refresh_token)
        # Only after the commit: an error raised inside would undo the revocation.
        if isinstance(outcome, SignedIn):
            return outcome
        if isinstance(outcome, Session):
            log.warning("session.refresh_reused", sid=outcome.sid, user_id=outcome.user_id)
            await self.announce([outcome])
        raise RefreshRefusedError("The session has ended. Sign in again.")

    async def revoke(self, sid: str, reason: str) -> None:
        """End a session: its refresh tokens are void, its tokens refused everywhere within 5 s."""
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).revoke(sid, reason, self._clock())
        if session is not None:
            log.info("session.revoked", sid=sid, user_id=session.user_id, reason=reason)
            await self.announce([session])

    async def announce(self, sessions: Sequence[Session | RevokedSid]) -> None:
        """Tell the other services of what was revoked, after the commit that revoked it."""
        try:
            await self._revocations.publish(sessions)
        except (RedisError, OSError) as error:
            # The database knows; the job that republishes tells the others when Redis is back.
            log.warning("session.announce_failed", count=len(sessions), error=error)

    async def find_sid(self, refresh_token: str) -> str | None:
        """Return the session a refresh token belongs to, whatever has become of either."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).find_sid(hash_refresh_token(refresh_token))

    async def find_owner(self, refresh_token: str) -> str | None:
        """Return the user of a refresh token, None unless its session is open."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).find_owner(
                hash_refresh_token(refresh_token), self._clock()
            )

    async def _try_refresh(
        self, transaction: AsyncSession, refresh_token: str
    ) -> SignedIn | Session | None:
        """Return the new tokens, or the session that is revoked now, or None."""
        now = self._clock()
        sessions = SessionRepository(transaction)
        found = await sessions.lock_by_refresh_token(hash_refresh_token(refresh_token))
        if found is None:
            REFRESHES.labels(RefreshVerdict.UNKNOWN.value).inc()
            return None
        session, token = found
        successors = {
            hash_refresh_token(each): each
            for each in self._refresh_tokens.successors(refresh_token)
        }
        stored = None
        if token.rotated_at is not None:
            stored = await sessions.find_refresh_token([*successors])
        verdict = judge_refresh(token, stored, session, now)
        REFRESHES.labels(verdict.value).inc()
        if verdict is RefreshVerdict.REUSED:
            return await sessions.revoke(session.sid, "refresh_reuse", now)
        user = await UserRepository(transaction).get(session.user_id)
        if user is not None:
            _require_enabled(user)
        if user is None or verdict is RefreshVerdict.ENDED:
            return None
        await sessions.extend_tokens(session.sid, now + LOGIN_TOKEN_LIFETIME, now)
        if stored is not None:
            successor = successors[stored.token_hash]
            return self._signed_in(session, user, successor, stored.expires_at, now)
        await sessions.mark_rotated(token.token_hash, now)
        return await self._issue(transaction, session, user, next(iter(successors.values())), now)

    async def _issue(
        self,
        transaction: AsyncSession,
        session: Session,
        user: User,
        refresh_token: str,
        now: datetime,
    ) -> SignedIn:
        # A login token of the last refresh must not outlive its session.
        refresh_until = min(now + self._refresh_lifetime, session.expires_at - LOGIN_TOKEN_LIFETIME)
        await SessionRepository(transaction).add_refresh_token(
            session.sid, hash_refresh_token(refresh_token), now=now, expires_at=refresh_until
        )
        return self._signed_in(session, user, refresh_token, refresh_until, now)

    def _signed_in(
        self,
        session: Session,
        user: User,
        refresh_token: str,
        refresh_until: datetime,
        now: datetime,
    ) -> SignedIn:
        issuer = TokenIssuer(self._issuer, self._keys.current)
        seconds = int(LOGIN_TOKEN_LIFETIME.total_seconds())
        token, _ = issuer.login_token(user.id, session.sid, int(now.timestamp()), ttl_s=seconds)
        return SignedIn(
            user=user,
            access_token=token,
            access_lifetime=LOGIN_TOKEN_LIFETIME,
            refresh_token=refresh_token,
            refresh_lifetime=refresh_until - now,
        )


def _require_enabled(user: User) -> None:
    if user.disabled_at is not None:
        raise AccountDisabledError
