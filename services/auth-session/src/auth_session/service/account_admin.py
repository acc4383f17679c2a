"""Operations of administrators on accounts."""

import secrets
from contextlib import suppress
from typing import Final

import structlog

from auth_session.domain.sign_in_throttle import account_key
from auth_session.domain.user import User, parse_email
from auth_session.errors import NoPasswordError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.account_erasure_service import AccountErasureService
from auth_session.service.password_pool import PasswordCaller, PasswordPool
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.sign_in_failure_repository import delete_failures
from auth_session.storage.user_repository import UserRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import NotFoundError

_PASSWORD_BYTES: Final = 15  # 20 characters, short enough to read out over the telephone

log = structlog.get_logger(__name__)


class AccountAdmin:
    """Disables, enables and erases accounts, and resets their passwords."""

    def __init__(
        self,
        database: Database,
        password_pool: PasswordPool,
        publisher: RevocationPublisher,
        erasures: AccountErasureService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._password_pool = password_pool
        self._publisher = publisher
        self._erasures = erasures
        self._clock = clock

    async def find_account(self, id_or_email: str) -> User:
        """Return the account with this id, or the local one with this e-mail address.

        Raises:
            NotFoundError: there is no such account.
        """
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            user = await users.get_account(id_or_email)
            if user is None:
                with suppress(ValueError):
                    found = await users.find_local_account(parse_email(id_or_email).key)
                    user = found[0] if found else None
        if user is None:
            msg = f"There is no account with the ID or e-mail address {id_or_email!r}."
            raise NotFoundError(msg)
        return user

    async def disable_account(self, user_id: str) -> None:
        """Disable an account and revoke its sessions and access tokens."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            # A concurrent sign-in holds the row lock until its session is among those revoked below.
            await UserRepository(transaction).set_disabled(user_id, now)
            revoked = await revoke_credentials(transaction, user_id, "disabled", now)
        await self._publisher.publish_best_effort(revoked)
        log.info("user.disabled", user_id=user_id, credentials_ended=len(revoked))

    async def enable_account(self, user_id: str) -> None:
        """Let an account sign in again; revoked sessions and tokens stay revoked."""
        async with self._database.transaction() as transaction:
            await UserRepository(transaction).set_disabled(user_id, None)
        log.info("user.enabled", user_id=user_id)

    async def reset_password(self, user_id: str) -> str:
        """Set a random password, revoke sessions and access tokens, and return the password.

        Raises:
            NoPasswordError: the account signs in at an external issuer.
        """
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        password_hash = await self._password_pool.hash(password, PasswordCaller.from_user(user_id))
        now = self._clock()
        async with self._database.transaction() as transaction:
            found = await PasswordRepository(transaction).find_account(user_id)
            if found is None:
                raise NoPasswordError
            # In the lock order of a sign-in: the failures before the account.
            email_key = parse_email(found[0].email or "").key
            await delete_failures(transaction, account_key(email_key))
            await UserRepository(transaction).replace_password_hash(user_id, password_hash, now)
            revoked = await revoke_credentials(transaction, user_id, "password_reset", now)
        await self._publisher.publish_best_effort(revoked)
        log.info("password.reset", user_id=user_id, credentials_ended=len(revoked))
        return password

    async def erase_account(self, user_id: str) -> None:
        """Delete an account; the running service then erases it in the other services."""
        await self._erasures.erase_account(user_id)
