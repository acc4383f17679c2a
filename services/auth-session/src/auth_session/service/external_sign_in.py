"""Signing people in with the token of an external issuer."""

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.clock import Clock
from auth_session.domain.external_user import ExternalUser
from auth_session.domain.limits import LOGIN_TOKEN_LIFETIME
from auth_session.domain.session import Session
from auth_session.domain.user import User
from auth_session.errors import AccountDisabledError, ExternalUserRefusedError
from auth_session.metrics import SIGN_INS
from auth_session.service.external_tokens import ExternalLogin, ExternalTokens
from auth_session.service.key_ring import KeyRing
from auth_session.storage.external_user_repository import ExternalUserRepository
from auth_session.storage.session_repository import SessionRepository
from todochat.database import Database
from todochat.errors import UnauthorizedError
from todochat.identity.tokens import TokenIssuer
from todochat.ids import derived_id

log = structlog.get_logger(__name__)


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """A login token of ours for one of an external issuer."""

    user: User
    access_token: str
    access_lifetime: timedelta


class ExternalSignIn:
    """Opens one session for each external token, however often it is shown.

    So a token whose session was signed out here opens nothing more, although its issuer would
    still stand by it. A session is open for `grace` longer than its token is valid: what was
    issued just before the end may live out its time.
    """

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        tokens: ExternalTokens,
        *,
        issuer: str,
        session_lifetime: timedelta,
        grace: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keys = keys
        self._tokens = tokens
        self._issuer = issuer
        self._session_lifetime = session_lifetime
        self._grace = grace
        self._clock = clock

    def takes(self, token: str) -> bool:
        """Tell whether a token says that it is of an external issuer; nothing is verified."""
        return self._tokens.takes(token)

    async def open(self, token: str, user_agent: str | None) -> Session:
        """Return the session of an external token, which may be a new one.

        Raises:
            UnauthorizedError: the token isn't valid, or its session was signed out.
            ExternalUserRefusedError: its user can't have an account here.
            AccountDisabledError: an administrator disabled the account.
            IssuerUnavailableError: the issuer's keys can't be had at this moment.
        """
        login = await self._tokens.verify(token)
        async with self._database.transaction() as transaction:
            session, _ = await self._open(transaction, login, user_agent)
        return session

    async def exchange(self, token: str, user_agent: str | None) -> Exchanged:
        """Return a login token of ours for one of an external issuer.

        Raises: like `open`.
        """
        login = await self._tokens.verify(token)
        async with self._database.transaction() as transaction:
            session, user = await self._open(transaction, login, user_agent)
            now = self._clock()
            until = min(now + LOGIN_TOKEN_LIFETIME, session.expires_at)
            if not await SessionRepository(transaction).extend_tokens(session.sid, until, now):
                raise UnauthorizedError("This session has ended.")
        began = int(now.timestamp())
        seconds = int(until.timestamp()) - began
        issuer = TokenIssuer(self._issuer, self._keys.current)
        access_token, _ = issuer.login_token(user.id, session.sid, began, ttl_s=seconds)
        return Exchanged(
            user=user, access_token=access_token, access_lifetime=timedelta(seconds=seconds)
        )

    async def _open(
        self, transaction: AsyncSession, login: ExternalLogin, user_agent: str | None
    ) -> tuple[Session, User]:
        now = self._clock()
        sid = derived_id("ses", login.fingerprint)
        user = await self._user(transaction, login.user, sid, now)
        began = Session(
            sid=sid,
            user_id=user.id,
            expires_at=self._end(login, now),
            tokens_until=now,
        )
        sessions = SessionRepository(transaction)
        began_at = self._beginning(login, now)
        if await sessions.add_once(began, now, user_agent, began_at=began_at):
            SIGN_INS.labels("external").inc()
            log.info("session.opened", sid=began.sid, user_id=user.id, issuer=user.issuer)
            return began, user
        session = await sessions.get(began.sid)
        if session is None or session.user_id != user.id or not session.is_open(now):
            raise UnauthorizedError("This session has ended. Sign in again.")
        return session, user

    async def _user(
        self, transaction: AsyncSession, person: ExternalUser, sid: str, now: datetime
    ) -> User:
        users = ExternalUserRepository(transaction)
        user = await users.find(person)
        if user is None:
            if await users.is_being_erased(person.user_id):
                raise ExternalUserRefusedError("This account is being erased. Try again later.")
            if await users.was_erased(sid):
                # Else the page that erased an account would bring it back with the token it has.
                raise UnauthorizedError("This session has ended. Sign in again.")
            if await users.add(person, now):
                log.info("user.added", user_id=person.user_id, issuer=person.realm)
            user = await users.find(person)
        if user is None:
            log.warning("user.id_taken", user_id=person.user_id, issuer=person.realm)
            raise ExternalUserRefusedError("Somebody else has an account with this id.")
        if user.disabled_at is not None:
            raise AccountDisabledError
        if person.email is not None and person.email.address != user.email:
            await users.set_email(user.id, person, now)
            user = msgspec.structs.replace(user, email=person.email.address)
        return user

    def _beginning(self, login: ExternalLogin, now: datetime) -> datetime:
        """Return when the user signed in at the issuer, at most a session's lifetime ago."""
        if login.signed_in_at is None:
            return now
        age_s = max(0.0, now.timestamp() - login.signed_in_at)
        return now - timedelta(seconds=min(age_s, self._session_lifetime.total_seconds()))

    def _end(self, login: ExternalLogin, now: datetime) -> datetime:
        left_s = max(0.0, login.expires_at - now.timestamp())
        longest_s = self._session_lifetime.total_seconds()
        return now + timedelta(seconds=min(left_s + self._grace.total_seconds(), longest_s))
