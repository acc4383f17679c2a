"""Changes passwords, and confirms that a request comes from the account's owner."""

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.input_check import check_fields
from auth_session.domain.limits import RECENT_SIGN_IN
from auth_session.domain.password_rule import check_password, normalize_password
from auth_session.domain.session import UserSession
from auth_session.domain.sign_in_throttle import account_key, add_failure, address_group
from auth_session.domain.user import User, parse_email
from auth_session.errors import (
    NoPasswordError,
    RecentSignInRequiredError,
    TooManySignInsError,
    WrongPasswordError,
)
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.password_pool import PasswordCaller, PasswordPool
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.password_repository import PasswordRepository
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.sign_in_failure_repository import SignInFailureRepository
from auth_session.storage.user_repository import UserRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import UnauthorizedError

log = structlog.get_logger(__name__)


class OwnerConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed session, and the hash of the password that confirmed it, if any."""

    session: UserSession
    password_hash: str | None


class PasswordService:
    """Changes passwords; wrong current passwords count as failed sign-ins."""

    def __init__(
        self,
        database: Database,
        password_pool: PasswordPool,
        publisher: RevocationPublisher,
        clock: Clock,
    ) -> None:
        self._database = database
        self._password_pool = password_pool
        self._publisher = publisher
        self._clock = clock

    async def change_password(
        self,
        session: UserSession,
        current: str,
        new: str,
        client_host: str,
        *,
        revoke_access_tokens: bool = True,
    ) -> None:
        """Set a new password and revoke the user's other sessions and access tokens.

        Raises:
            NoPasswordError: the account signs in at an external issuer.
            WrongPasswordError: `current` is not the account's password.
            TooManySignInsError: too many wrong passwords from this address.
            InvalidInputError: `new` is not acceptable.
            PasswordPoolFullError: too many passwords are being processed.
        """
        user, old_hash = await self._find_account(session.user_id, client_host)
        normalized = normalize_password(new)
        check_fields(
            {
                "new_password": lambda: check_password(
                    normalized, email=user.email or "", name=user.name
                )
            }
        )
        await self._require_password(user, current, old_hash, client_host)
        new_hash = await self._password_pool.hash(normalized, PasswordCaller.from_user(user.id))
        now = self._clock()
        async with self._database.transaction() as transaction:
            if not await PasswordRepository(transaction).replace_hash(
                session.user_id, old_hash, new_hash, now
            ):
                raise WrongPasswordError  # another request has changed it in the meantime
            revoked = await revoke_credentials(
                transaction,
                session.user_id,
                "password_changed",
                now,
                keep_sid=session.sid,
                access_tokens=revoke_access_tokens,
            )
        log.info("password.changed", user_id=user.id, credentials_ended=len(revoked))
        await self._publisher.publish_best_effort(revoked)

    async def confirm_owner(
        self, session: UserSession, password: str | None, client_host: str
    ) -> OwnerConfirmation:
        """Confirm that a request comes from the account's owner.

        Requires the account's password. If the account has none, the user must have signed in within
        the last 15 minutes.

        The transaction that uses the confirmation checks it with `require_unchanged`, because the
        password can change in between.

        Raises:
            WrongPasswordError: the password is wrong or missing.
            RecentSignInRequiredError: the account has no password and the session is too old.
            TooManySignInsError: too many wrong passwords from this address.
            PasswordPoolFullError: too many passwords are being processed.
        """
        try:
            user, password_hash = await self._find_account(session.user_id, client_host)
        except NoPasswordError:
            async with self._database.transaction() as transaction:
                sessions = SessionRepository(transaction)
                signed_in_at = await sessions.get_sign_in_time(session.sid)
            if signed_in_at is None or self._clock() - signed_in_at > RECENT_SIGN_IN:
                raise RecentSignInRequiredError from None
            return OwnerConfirmation(session=session, password_hash=None)
        if password is None:
            raise WrongPasswordError("The account's current password is required.")
        await self._require_password(user, password, password_hash, client_host)
        return OwnerConfirmation(session=session, password_hash=password_hash)

    async def require_unchanged(
        self, transaction: AsyncSession, confirmation: OwnerConfirmation
    ) -> None:
        """Check, in the transaction that uses a confirmation, that it is still valid.

        Locks the password and the account until the transaction ends; see
        `PasswordRepository.lock_hash`.

        Raises:
            WrongPasswordError: the password has changed in the meantime.
            UnauthorizedError: the session has ended in the meantime.
        """
        session = confirmation.session
        password_hash = await PasswordRepository(transaction).lock_hash(session.user_id)
        if password_hash != confirmation.password_hash:
            raise WrongPasswordError
        # Accounts without a password have no row that `lock_hash` locks.
        await UserRepository(transaction).lock_account(session.user_id)
        stored = await SessionRepository(transaction).get_session(session.sid)
        if stored is None or not stored.is_open(self._clock()):
            raise UnauthorizedError("This session has ended.")

    async def _require_password(
        self, user: User, password: str, password_hash: str, client_host: str
    ) -> None:
        # All callers have a session of the account.
        verified = await self._password_pool.verify(
            normalize_password(password), password_hash, PasswordCaller.from_user(user.id)
        )
        now = self._clock()
        async with self._database.transaction() as transaction:
            failures = _failures(transaction, user, client_host)
            # Read again under the lock: of many concurrent requests, those that finish after the limit
            # was reached reveal nothing, whether their password is correct or wrong.
            count = await failures.lock_count(now)
            wait_s = count.wait_s(now)
            if wait_s <= 0 and verified.is_correct:
                await failures.delete_count()
            elif wait_s <= 0:
                await failures.store_count(add_failure(count, now), now)
        # Raised after the commit: an error inside would roll back the count.
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        if not verified.is_correct:
            raise WrongPasswordError

    async def _find_account(self, user_id: str, client_host: str) -> tuple[User, str]:
        async with self._database.transaction() as transaction:
            found = await PasswordRepository(transaction).find_account(user_id)
            if found is None:
                raise NoPasswordError
            failures = await _failures(transaction, found[0], client_host).get_count()
        wait_s = 0.0 if failures is None else failures.wait_s(self._clock())
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        return found


def _failures(transaction: AsyncSession, user: User, client_host: str) -> SignInFailureRepository:
    # The same keys as sign-in, so that wrong passwords of both add up.
    key = account_key(parse_email(user.email or "").key)
    return SignInFailureRepository(transaction, key, address_group(client_host))
