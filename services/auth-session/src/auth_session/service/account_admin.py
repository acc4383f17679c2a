"""What administrators do to accounts."""

import hashlib
import secrets
from typing import Final

import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.user import User, parse_email
from auth_session.errors import NoPasswordError
from auth_session.service.erasure_service import ErasureService
from auth_session.service.password_pool import PasswordPool
from auth_session.service.session_service import SessionService
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.sign_in_repository import forget_failures
from auth_session.storage.user_repository import UserRepository
from todochat.database import Database
from todochat.errors import NotFoundError

_PASSWORD_BYTES: Final = 15  # 20 characters that can be read out over the telephone

log = structlog.get_logger(__name__)


class AccountAdmin:
    """Disables, enables and erases accounts, and gives them new passwords."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordPool,
        sessions: SessionService,
        erasures: ErasureService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._erasures = erasures
        self._clock = clock

    async def find(self, who: str) -> User:
        """Return the account with this id, or the local one with this e-mail address.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            user = await users.get(who)
            if user is None and (email_key := _email_key(who)) is not None:
                found = await users.find_local(email_key)
                user = found[0] if found else None
        if user is None:
            msg = f"There is no account with the id or e-mail address {who!r}."
            raise NotFoundError(msg)
        return user

    async def disable(self, user_id: str) -> None:
        """Refuse the account from now on, and end its sessions and access tokens."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            # Who is signing in at this moment holds the row: their session is among those below.
            await UserRepository(transaction).set_disabled(user_id, now)
            ended = await revoke_credentials(transaction, user_id, "disabled", now)
        await self._sessions.announce(ended)
        log.info("user.disabled", user_id=user_id, credentials_ended=len(ended))

    async def enable(self, user_id: str) -> None:
        """Let the account sign in again; what was ended stays so."""
        async with self._database.transaction() as transaction:
            await UserRepository(transaction).set_disabled(user_id, None)
        log.info("user.enabled", user_id=user_id)

    async def reset_password(self, user_id: str) -> str:
        """Give an account a random password, end its sessions and access tokens, and return it.

        Raises:
            NoPasswordError: the account signs in elsewhere.
        """
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        password_hash = await self._passwords.hash(password)
        now = self._clock()
        async with self._database.transaction() as transaction:
            found = await PasswordRepository(transaction).find(user_id)
            if found is None:
                raise NoPasswordError
            # In the order of a sign-in, which locks the failures before the account.
            await forget_failures(transaction, _account_key(found[0]))
            await UserRepository(transaction).replace_password_hash(user_id, password_hash, now)
            ended = await revoke_credentials(transaction, user_id, "password_reset", now)
        await self._sessions.announce(ended)
        log.info("password.reset", user_id=user_id, credentials_ended=len(ended))
        return password

    async def erase(self, user_id: str) -> None:
        """Erase an account over all services; the running service does what is left elsewhere."""
        await self._erasures.begin(user_id)


def _email_key(text: str) -> str | None:
    try:
        return parse_email(text).key
    except ValueError:
        return None


def _account_key(user: User) -> bytes:
    return hashlib.sha256(parse_email(user.email or "").key.encode()).digest()
