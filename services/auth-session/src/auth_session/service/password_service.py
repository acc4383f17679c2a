"""Changing one's password, and showing that one knows it."""

import hashlib

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.caller import Caller
from auth_session.domain.clock import Clock
from auth_session.domain.input_check import check_fields
from auth_session.domain.password_rule import check_password, normalize_password
from auth_session.domain.session import Session
from auth_session.domain.sign_in_throttle import address_group, after_failure
from auth_session.domain.user import User, parse_email
from auth_session.errors import NoPasswordError, TooManySignInsError, WrongPasswordError
from auth_session.service.password_pool import PasswordPool
from auth_session.service.session_service import SessionService
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.sign_in_repository import SignInRepository
from todochat.database import Database

log = structlog.get_logger(__name__)


class PasswordService:
    """Changes passwords. Guesses at the present one count as failed sign-ins."""

    def __init__(
        self, database: Database, passwords: PasswordPool, sessions: SessionService, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._clock = clock

    async def change(self, session: Session, current: str, new: str, client_host: str) -> None:
        """Set a new password and end every other session of the person.

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
        ended = await self._store(session, user, old_hash, new_hash, client_host)
        log.info("password.changed", user_id=user.id, sessions_ended=len(ended))
        await self._sessions.announce(ended)

    async def confirm(self, user_id: str, password: str | None, client_host: str) -> str | None:
        """Make sure that somebody knows the account's password, if it has one.

        Returns:
            The hash it was verified against, None for an account without a password. The
            transaction that acts on the confirmation compares it with `PasswordRepository.lock`:
            the password may change in between.

        Raises:
            WrongPasswordError: it is another one, or none was given.
            TooManySignInsError: too many guesses came from this address.
            PasswordPoolFullError: too many passwords are being hashed.
        """
        try:
            user, password_hash = await self._find(user_id, client_host)
        except NoPasswordError:
            return None
        if password is None:
            raise WrongPasswordError
        await self._require(user, password, password_hash, client_host)
        return password_hash

    async def _require(
        self, user: User, password: str, password_hash: str, client_host: str
    ) -> None:
        # Only routes that need a session come here.
        verified = await self._passwords.verify(
            normalize_password(password), password_hash, Caller.owner(user.id)
        )
        if not verified.is_right:
            await self._count_failure(user, client_host)
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

    async def _count_failure(self, user: User, client_host: str) -> None:
        now = self._clock()
        async with self._database.transaction() as transaction:
            repository = _failures(transaction, user, client_host)
            count = await repository.lock(now)
            await repository.put(after_failure(count, now), now)

    async def _store(
        self, session: Session, user: User, old_hash: str, new_hash: str, client_host: str
    ) -> list[Session]:
        now = self._clock()
        async with self._database.transaction() as transaction:
            await _failures(transaction, user, client_host).forget()
            if not await PasswordRepository(transaction).replace(user.id, old_hash, new_hash, now):
                raise WrongPasswordError  # it was changed while this one was being hashed
            return await SessionRepository(transaction).revoke_all(
                user.id, "password_changed", now, keep=session.sid
            )


def _failures(transaction: AsyncSession, user: User, client_host: str) -> SignInRepository:
    # The keys of sign-in, so that guesses here and there add up.
    email_key = parse_email(user.email or "").key
    account_key = hashlib.sha256(email_key.encode()).digest()
    return SignInRepository(transaction, account_key, address_group(client_host))
