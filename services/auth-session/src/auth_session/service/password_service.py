"""Changing a password, and confirming that a request comes from the account's owner."""

import hashlib

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.caller import Caller
from auth_session.domain.clock import Clock
from auth_session.domain.input_check import check_fields
from auth_session.domain.limits import RECENT_SIGN_IN
from auth_session.domain.password_rule import check_password, normalize_password
from auth_session.domain.session import RevokedSid, Session
from auth_session.domain.sign_in_throttle import address_group, after_failure
from auth_session.domain.user import User, parse_email
from auth_session.errors import (
    NoPasswordError,
    RecentSignInRequiredError,
    TooManySignInsError,
    WrongPasswordError,
)
from auth_session.service.password_pool import PasswordPool
from auth_session.service.session_service import SessionService
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.sign_in_repository import SignInRepository
from auth_session.storage.user_repository import UserRepository
from todochat.database import Database
from todochat.errors import UnauthorizedError

log = structlog.get_logger(__name__)


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What confirmed a request: a session, and the hash of the password if there is one."""

    session: Session
    password_hash: str | None


class PasswordService:
    """Changes passwords. Guesses at the present one count as failed sign-ins."""

    def __init__(
        self, database: Database, passwords: PasswordPool, sessions: SessionService, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._clock = clock

    async def change(
        self,
        session: Session,
        current: str,
        new: str,
        client_host: str,
        *,
        revoke_access_tokens: bool = True,
    ) -> None:
        """Set a new password and end every other session of the user, and their access tokens.

        Raises:
            NoPasswordError: the account signs in elsewhere.
            WrongPasswordError: `current` is not the account's password.
            TooManySignInsError: too many guesses came from this address.
            InvalidInputError: `new` is not acceptable.
            PasswordPoolFullError: too many passwords are being hashed.
        """
        user, old_hash = await self._find(session.user_id, client_host)
        normalized = normalize_password(new)
        check_fields(
            {
                "new_password": lambda: check_password(
                    normalized, email=user.email or "", name=user.name
                )
            }
        )
        await self._require(user, current, old_hash, client_host)
        new_hash = await self._passwords.hash(normalized, Caller.owner(user.id))
        ended = await self._store(session, old_hash, new_hash, access_tokens=revoke_access_tokens)
        log.info("password.changed", user_id=user.id, credentials_ended=len(ended))
        await self._sessions.announce(ended)

    async def confirm(self, session: Session, password: str | None, client_host: str) -> Confirmed:
        """Confirm that a request comes from the account's owner.

        Needs the account's password. For an account that has none, the user must have signed in
        within the last 15 minutes.

        The transaction that acts on the confirmation checks it with `require_unchanged`: the
        password may change in between.

        Raises:
            WrongPasswordError: it is another one, or none was given.
            RecentSignInRequiredError: the account has no password and the session is too old.
            TooManySignInsError: too many guesses came from this address.
            PasswordPoolFullError: too many passwords are being hashed.
        """
        try:
            user, password_hash = await self._find(session.user_id, client_host)
        except NoPasswordError:
            await self._require_recent(session)
            return Confirmed(session=session, password_hash=None)
        if password is None:
            raise WrongPasswordError("The account's current password is required.")
        await self._require(user, password, password_hash, client_host)
        return Confirmed(session=session, password_hash=password_hash)

    async def require_unchanged(self, transaction: AsyncSession, confirmed: Confirmed) -> None:
        """Check in the transaction that acts on a confirmation that it still holds.

        Locks the password and the account until the transaction ends; see
        `PasswordRepository.lock`.

        Raises:
            WrongPasswordError: the password was changed meanwhile.
            UnauthorizedError: the session ended meanwhile.
        """
        session = confirmed.session
        if await PasswordRepository(transaction).lock(session.user_id) != confirmed.password_hash:
            raise WrongPasswordError
        await UserRepository(transaction).lock(session.user_id)  # also without a password
        stored = await SessionRepository(transaction).get(session.sid)
        if stored is None or not stored.is_open(self._clock()):
            raise UnauthorizedError("This session has ended.")

    async def _require_recent(self, session: Session) -> None:
        async with self._database.transaction() as transaction:
            began_at = await SessionRepository(transaction).began_at(session.sid)
        if began_at is None or self._clock() - began_at > RECENT_SIGN_IN:
            raise RecentSignInRequiredError

    async def _require(
        self, user: User, password: str, password_hash: str, client_host: str
    ) -> None:
        # Only routes that need a session come here.
        verified = await self._passwords.verify(
            normalize_password(password), password_hash, Caller.owner(user.id)
        )
        now = self._clock()
        async with self._database.transaction() as transaction:
            failures = _failures(transaction, user, client_host)
            # Read again under its lock: of many guesses sent at once, those that finish after the
            # limit was reached learn nothing, be they right or wrong.
            count = await failures.lock(now)
            wait_s = count.wait_s(now)
            if wait_s <= 0 and verified.is_right:
                await failures.forget()
            elif wait_s <= 0:
                await failures.put(after_failure(count, now), now)
        # Only after the commit: an error raised inside would undo the count.
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        if not verified.is_right:
            raise WrongPasswordError

    async def _find(self, user_id: str, client_host: str) -> tuple[User, str]:
        async with self._database.transaction() as transaction:
            found = await PasswordRepository(transaction).find(user_id)
            if found is None:
                raise NoPasswordError
            failures = await _failures(transaction, found[0], client_host).get()
        wait_s = 0.0 if failures is None else failures.wait_s(self._clock())
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        return found

    async def _store(
        self,
        session: Session,
        old_hash: str,
        new_hash: str,
        *,
        access_tokens: bool,
    ) -> list[RevokedSid]:
        now = self._clock()
        async with self._database.transaction() as transaction:
            if not await PasswordRepository(transaction).replace(
                session.user_id, old_hash, new_hash, now
            ):
                raise WrongPasswordError  # it was changed while this one was being hashed
            return await revoke_credentials(
                transaction,
                session.user_id,
                "password_changed",
                now,
                keep_sid=session.sid,
                access_tokens=access_tokens,
            )


def _failures(transaction: AsyncSession, user: User, client_host: str) -> SignInRepository:
    # The keys of sign-in, so that guesses here and there add up.
    email_key = parse_email(user.email or "").key
    account_key = hashlib.sha256(email_key.encode()).digest()
    return SignInRepository(transaction, account_key, address_group(client_host))
