"""Signs users in with tokens of external issuers."""

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.external_user import ExternalUser
from auth_session.domain.limits import LOGIN_TOKEN_LIFETIME
from auth_session.domain.session import UserSession
from auth_session.domain.user import User
from auth_session.errors import AccountDisabledError, ExternalUserRefusedError
from auth_session.metrics import SIGN_INS
from auth_session.service.backend_tokens import Backend
from auth_session.service.external_token_verifier import ExternalLogin, ExternalTokenVerifier
from auth_session.service.key_ring import KeyRing
from auth_session.storage.external_user_repository import ExternalUserRepository
from auth_session.storage.session_repository import SessionRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import UnauthorizedError
from todochat.identity.tokens import TokenIssuer
from todochat.ids import derived_id, new_id

log = structlog.get_logger(__name__)


class ExchangedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A login token issued for a token of an external issuer."""

    user: User
    access_token: str
    access_lifetime: timedelta


class ExternalSignInService:
    """Opens one session per external token, no matter how often the token is used.

    So a token whose session was signed out here is refused, although its issuer still accepts it.
    A session ends `grace` after its token expires, so that a client secret issued just before
    keeps its full lifetime.
    """

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        tokens: ExternalTokenVerifier,
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

    async def open_session(self, token: str, user_agent: str | None) -> UserSession:
        """Return the session of an external token; open it on the first use.

        Raises:
            UnauthorizedError: the token isn't valid, or its session was signed out.
            ExternalUserRefusedError: its user isn't allowed to have an account here.
            AccountDisabledError: the account is disabled.
            IssuerUnavailableError: the issuer's keys can't be fetched right now.
        """
        login = await self._tokens.verify_token(token)
        async with self._database.transaction() as transaction:
            session, _ = await self._open_session(transaction, login, user_agent)
        return session

    async def exchange_token(self, token: str, user_agent: str | None) -> ExchangedToken:
        """Return a login token for a token of an external issuer.

        Raises: the errors of `open_session`.
        """
        login = await self._tokens.verify_token(token)
        async with self._database.transaction() as transaction:
            session, user = await self._open_session(transaction, login, user_agent)
            now = self._clock()
            until = min(now + LOGIN_TOKEN_LIFETIME, session.expires_at)
            if not await SessionRepository(transaction).extend_tokens(session.sid, until, now):
                raise UnauthorizedError("This session has ended.")
        began = int(now.timestamp())
        seconds = int(until.timestamp()) - began
        issuer = TokenIssuer(self._issuer, self._keys.current)
        access_token, _ = issuer.login_token(user.id, session.sid, began, ttl_s=seconds)
        return ExchangedToken(
            user=user, access_token=access_token, access_lifetime=timedelta(seconds=seconds)
        )

    async def open_session_for(
        self,
        backend: Backend,
        external: ExternalUser,
        lifetime: timedelta,
        user_agent: str | None,
    ) -> UserSession:
        """Open a session for a user whom an issuer's back end names; create the account first.

        Each call opens one, so that signing a user out ends what was issued before, and the back
        end decides whether the user may continue.

        Raises:
            ExternalUserRefusedError: the user isn't allowed to have an account here.
            AccountDisabledError: the account is disabled.
        """
        now = self._clock()
        sid = new_id("ses")
        async with self._database.transaction() as transaction:
            user = await self._provision_user(transaction, external, sid, now)
            session = UserSession(
                sid=sid, user_id=user.id, expires_at=now + lifetime, tokens_until=now
            )
            await SessionRepository(transaction).add_session(session, now, user_agent)
        SIGN_INS.labels("backend").inc()
        log.info(
            "session.opened_by_backend",
            sid=sid,
            user_id=user.id,
            issuer=user.issuer,
            backend_token=backend.token_hint,
        )
        return session

    async def _open_session(
        self, transaction: AsyncSession, login: ExternalLogin, user_agent: str | None
    ) -> tuple[UserSession, User]:
        now = self._clock()
        sid = derived_id("ses", login.fingerprint)
        user = await self._provision_user(transaction, login.user, sid, now)
        # Bounded as numbers: the claims may be too large for a timedelta.
        longest_s = self._session_lifetime.total_seconds()
        age_s = 0.0 if login.signed_in_at is None else now.timestamp() - login.signed_in_at
        began_at = now - timedelta(seconds=min(max(0.0, age_s), longest_s))
        token_lifetime_s = max(0.0, login.expires_at - now.timestamp())
        lifetime_s = min(token_lifetime_s + self._grace.total_seconds(), longest_s)
        new_session = UserSession(
            sid=sid,
            user_id=user.id,
            expires_at=now + timedelta(seconds=lifetime_s),
            tokens_until=now,
        )
        sessions = SessionRepository(transaction)
        if await sessions.add_session_once(new_session, now, user_agent, began_at=began_at):
            SIGN_INS.labels("external").inc()
            log.info("session.opened", sid=sid, user_id=user.id, issuer=user.issuer)
            return new_session, user
        session = await sessions.get_session(sid)
        if session is None or session.user_id != user.id or not session.is_open(now):
            raise UnauthorizedError("This session has ended. Sign in again.")
        return session, user

    async def _provision_user(
        self, transaction: AsyncSession, external: ExternalUser, sid: str, now: datetime
    ) -> User:
        users = ExternalUserRepository(transaction)
        user = await users.find_user(external)
        if user is None:
            if await users.is_being_erased(external.user_id):
                raise ExternalUserRefusedError("This account is being erased. Try again later.")
            if await users.was_erased(sid):
                # Otherwise the page that erased an account would restore it with its token.
                raise UnauthorizedError("This session has ended. Sign in again.")
            if await users.add_user(external, now):
                log.info("user.added", user_id=external.user_id, issuer=external.realm)
            user = await users.find_user(external)
        if user is None:
            log.warning("user.id_taken", user_id=external.user_id, issuer=external.realm)
            raise ExternalUserRefusedError("Another account has this user ID.")
        if user.disabled_at is not None:
            raise AccountDisabledError
        if external.email is not None and external.email.address != user.email:
            await users.set_email(user.id, external, now)
            user = msgspec.structs.replace(user, email=external.email.address)
        return user
