"""Sign-in with a password: throttled after failures, indistinguishable for unknown accounts."""

from typing import Final

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.password_rule import normalize_password
from auth_session.domain.sign_in_throttle import account_key, add_failure, address_group
from auth_session.domain.user import User, parse_email
from auth_session.errors import SignInFailedError, TooManySignInsError
from auth_session.metrics import SIGN_INS
from auth_session.service.password_pool import PasswordCaller, PasswordPool, PasswordVerification
from auth_session.service.session_service import SessionService, SessionTokens
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.sign_in_failure_repository import SignInFailureRepository
from auth_session.storage.user_repository import UserRepository
from todochat.clock import Clock
from todochat.database import Database

# How often one sign-in verifies its password if that changes in the meantime.
_MAX_VERIFICATIONS: Final = 3

log = structlog.get_logger(__name__)


class SignInAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """The account of an attempt, as typed and hashed, and the client."""

    email_key: str
    account_key: bytes
    address: str
    user_agent: str | None


class SignInService:
    """Signs users in with e-mail address and password.

    An unknown account takes the same steps as a known one: the same queries, one argon2
    verification, one counted failure. So neither the response nor its time reveals whether the
    account exists.
    """

    def __init__(
        self,
        database: Database,
        password_pool: PasswordPool,
        sessions: SessionService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._password_pool = password_pool
        self._sessions = sessions
        self._clock = clock

    async def sign_in(
        self,
        email: str,
        password: str,
        client_host: str,
        user_agent: str | None = None,
        refresh_token: str | None = None,
    ) -> SessionTokens:
        """Sign a user in.

        Args:
            refresh_token: the browser's refresh token; with one of an open session of the account,
                the request is queued apart from those without.

        Raises:
            SignInFailedError: there is no account with this e-mail address and password.
            TooManySignInsError: too many failed sign-ins from this address, to this account or to
                any account.
            PasswordPoolFullError: too many passwords are being processed.
            AccountDisabledError: the account is disabled; raised only if the password is correct.
        """
        try:
            email_key = parse_email(email).key
        except ValueError:
            email_key = ""  # looked up like any other; no account has it
        attempt = SignInAttempt(
            email_key=email_key,
            account_key=account_key(email_key or email.strip().casefold()),
            address=address_group(client_host),
            user_agent=user_agent,
        )
        owner_id = await self._sessions.find_user_id(refresh_token) if refresh_token else None
        try:
            # Raised outside of the transaction: inside, an error would roll back the count.
            outcome = await self._attempt_sign_in(attempt, normalize_password(password), owner_id)
            if not isinstance(outcome, SessionTokens):
                raise TooManySignInsError(outcome) if outcome else SignInFailedError
        except (SignInFailedError, TooManySignInsError) as error:
            SIGN_INS.labels("failed" if isinstance(error, SignInFailedError) else "throttled").inc()
            raise
        SIGN_INS.labels("signed-in").inc()
        return outcome

    async def _attempt_sign_in(
        self, attempt: SignInAttempt, password: str, owner_id: str | None
    ) -> SessionTokens | float:
        """Verify the password, again if it changes in the meantime; return like `_finish`."""
        for _ in range(_MAX_VERIFICATIONS):
            found = await self._find_account(attempt)
            caller, password_hash = PasswordCaller.from_address(attempt.address), None
            if found is not None:
                user, password_hash = found
                caller = PasswordCaller.from_user(user.id) if user.id == owner_id else caller
            verified = await self._password_pool.verify(password, password_hash, caller)
            outcome = await self._finish(attempt, found, verified)
            if outcome is not None:
                return outcome
        return 0.0

    async def _find_account(self, attempt: SignInAttempt) -> tuple[User, str] | None:
        async with self._database.transaction() as transaction:
            failures = await _failures(transaction, attempt).get_count()
            wait_s = 0.0 if failures is None else failures.wait_s(self._clock())
            if wait_s > 0:
                raise TooManySignInsError(wait_s)
            return await UserRepository(transaction).find_local_account(attempt.email_key)

    async def _finish(
        self, attempt: SignInAttempt, found: tuple[User, str] | None, verified: PasswordVerification
    ) -> SessionTokens | float | None:
        """Return the new session's tokens, or the seconds to wait: 0 for a failure without a wait.

        None means that the password was correct, but changed during its verification, so the new
        one has to be verified. The lock is held until the session is committed, so a later change
        of the password ends the session.

        The count is read again under the lock: of many concurrent attempts, those that finish
        after the limit was reached reveal nothing, whether their password is correct or wrong.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            failures = _failures(transaction, attempt)
            count = await failures.lock_count(now)
            wait_s = count.wait_s(now)
            if wait_s > 0:
                return wait_s
            if found is None or not verified.is_correct:
                await failures.store_count(add_failure(count, now), now)
                log.info("sign_in.failed", known=found is not None)
                return 0.0
            user, password_hash = found
            passwords = PasswordRepository(transaction)
            if await passwords.lock_hash(user.id) != password_hash:
                return None
            await failures.delete_count()
            if verified.new_hash is not None:
                await passwords.replace_hash(user.id, password_hash, verified.new_hash, now)
                log.info("password.rehashed", user_id=user.id)
            return await self._sessions.open_session(transaction, user, attempt.user_agent)


def _failures(transaction: AsyncSession, attempt: SignInAttempt) -> SignInFailureRepository:
    return SignInFailureRepository(transaction, attempt.account_key, attempt.address)
