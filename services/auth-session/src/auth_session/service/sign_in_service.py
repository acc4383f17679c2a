"""Signing in with a password, slowed down after failures and equal for unknown accounts."""

import hashlib
from typing import Final

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.caller import Caller
from auth_session.domain.clock import Clock
from auth_session.domain.password_rule import normalize_password
from auth_session.domain.sign_in_throttle import address_group, after_failure
from auth_session.domain.user import User, parse_email
from auth_session.errors import SignInFailedError, TooManySignInsError
from auth_session.metrics import SIGN_INS
from auth_session.service.password_pool import PasswordPool, Verification
from auth_session.service.session_service import SessionService, SignedIn
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.sign_in_repository import SignInRepository
from auth_session.storage.user_repository import UserRepository
from todochat.database import Database

# How often one sign-in verifies its password, when that changes in the meantime.
_MAX_VERIFICATIONS: Final = 3

log = structlog.get_logger(__name__)


class _Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: the account as it was typed, hashed, and where it came from."""

    email_key: str
    account_key: bytes
    address: str
    user_agent: str | None


class SignInService:
    """Checks e-mail address and password.

    An unknown account takes the same steps as a known one: the same queries, one argon2
    verification, one failure counted. So neither the answer nor its time tells which it was.
    """

    def __init__(
        self, database: Database, passwords: PasswordPool, sessions: SessionService, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._clock = clock

    async def sign_in(
        self,
        email: str,
        password: str,
        client_host: str,
        user_agent: str | None = None,
        refresh_token: str | None = None,
    ) -> SignedIn:
        """Sign somebody in.

        Args:
            refresh_token: of the browser; of an open session of this account, it lets the request
                wait apart from strangers.

        Raises:
            SignInFailedError: there is no account with this e-mail address and password.
            TooManySignInsError: too many tries at this account, or at any, failed from this
                address.
            PasswordPoolFullError: too many passwords are being hashed.
            AccountDisabledError: the account is disabled; only who knows its password hears that.
        """
        attempt = _attempt(email, client_host, user_agent)
        owner_id = await self._sessions.find_owner(refresh_token) if refresh_token else None
        try:
            # Outside of its transaction, which an error would undo along with the count.
            outcome = await self._check(attempt, normalize_password(password), owner_id)
            if not isinstance(outcome, SignedIn):
                raise TooManySignInsError(outcome) if outcome else SignInFailedError
        except (SignInFailedError, TooManySignInsError) as error:
            SIGN_INS.labels("failed" if isinstance(error, SignInFailedError) else "throttled").inc()
            raise
        SIGN_INS.labels("signed-in").inc()
        return outcome

    async def _check(
        self, attempt: _Attempt, password: str, owner_id: str | None
    ) -> SignedIn | float:
        """Verify the password, again if it changes meanwhile, and return as `_finish` does."""
        for _ in range(_MAX_VERIFICATIONS):
            found = await self._find(attempt)
            caller, password_hash = Caller.at(attempt.address), None
            if found is not None:
                user, password_hash = found
                caller = Caller.owner(user.id) if user.id == owner_id else caller
            verified = await self._passwords.verify(password, password_hash, caller)
            outcome = await self._finish(attempt, found, verified)
            if outcome is not None:
                return outcome
        return 0.0

    async def _find(self, attempt: _Attempt) -> tuple[User, str] | None:
        async with self._database.transaction() as transaction:
            failures = await _failures(transaction, attempt).get()
            wait_s = 0.0 if failures is None else failures.wait_s(self._clock())
            if wait_s > 0:
                raise TooManySignInsError(wait_s)
            return await UserRepository(transaction).find_local(attempt.email_key)

    async def _finish(
        self, attempt: _Attempt, found: tuple[User, str] | None, verified: Verification
    ) -> SignedIn | float | None:
        """Return the new session, or the seconds to wait: 0 for a failure that is still free.

        None means that the password was right, but changed during its verification: it has to be
        verified again, against the new one. The lock is held until the session is committed, so
        a change that comes later ends that session.

        The count is read again under its lock: of many guesses sent at once, those that are
        finished after the limit was reached learn nothing, be they right or wrong.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            repository = _failures(transaction, attempt)
            count = await repository.lock(now)
            wait_s = count.wait_s(now)
            if wait_s > 0:
                return wait_s
            if found is None or not verified.is_right:
                await repository.put(after_failure(count, now), now)
                log.info("sign_in.failed", known=found is not None)
                return 0.0
            user, password_hash = found
            passwords = PasswordRepository(transaction)
            if await passwords.lock(user.id) != password_hash:
                return None
            await repository.forget()
            if verified.new_hash is not None:
                await passwords.replace(user.id, password_hash, verified.new_hash, now)
                log.info("password.rehashed", user_id=user.id)
            return await self._sessions.open(transaction, user, attempt.user_agent)


def _attempt(email: str, client_host: str, user_agent: str | None) -> _Attempt:
    try:
        email_key = parse_email(email).key
    except ValueError:
        email_key = ""  # looked up like any other; no account has it
    account = email_key or email.strip().casefold()
    return _Attempt(
        email_key=email_key,
        account_key=hashlib.sha256(account.encode()).digest(),
        address=address_group(client_host),
        user_agent=user_agent,
    )


def _failures(transaction: AsyncSession, attempt: _Attempt) -> SignInRepository:
    return SignInRepository(transaction, attempt.account_key, attempt.address)
