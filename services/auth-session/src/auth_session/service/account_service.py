"""Sign-up, invitations, and the profile and export of an account."""

import secrets
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final, Literal

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.account_export import AccountExport
from auth_session.domain.input_check import check_fields
from auth_session.domain.limits import INVITATION_LIFETIME
from auth_session.domain.password_rule import check_password, normalize_password
from auth_session.domain.sign_in_throttle import address_group
from auth_session.domain.user import (
    LOCAL_ISSUER,
    User,
    parse_email,
    parse_locale,
    parse_name,
    parse_timezone,
)
from auth_session.errors import (
    EmailTakenError,
    InvitationRefusedError,
    SignUpClosedError,
    TooManySignUpsError,
)
from auth_session.service.password_pool import PasswordCaller, PasswordPool
from auth_session.service.secret_hash import hash_secret
from auth_session.service.session_service import SessionService, SessionTokens
from auth_session.storage.export_repository import read_account_export
from auth_session.storage.user_repository import UserRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import NotFoundError
from todochat.http.rate_limit import RateLimit
from todochat.ids import new_id

SignUpMode = Literal["open", "invite", "closed"]

_INVITATION_BYTES: Final = 16
_PAGE_SIZE: Final = 200

log = structlog.get_logger(__name__)


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a new account; `check_account` validates them."""

    email: str
    password: str
    name: str | None = None
    timezone: str | None = None
    locale: str | None = None


class AccountService:
    """Creates, changes and exports accounts."""

    def __init__(
        self,
        database: Database,
        password_pool: PasswordPool,
        sessions: SessionService,
        sign_up_limit: RateLimit,
        *,
        sign_up: SignUpMode,
        clock: Clock,
    ) -> None:
        self._database = database
        self._password_pool = password_pool
        self._sessions = sessions
        self._sign_up_limit = sign_up_limit
        self._sign_up = sign_up
        self._clock = clock

    async def sign_up(
        self,
        account: NewAccount,
        invitation: str | None,
        client_host: str,
        user_agent: str | None = None,
    ) -> SessionTokens:
        """Create an account and open a session.

        Raises:
            SignUpClosedError: AUTH_SIGN_UP is `closed`.
            InvitationRefusedError: an invitation is required, and `invitation` is not valid.
            InvalidInputError: a field is not acceptable.
            TooManySignUpsError: too many sign-ups from this address within an hour.
            EmailTakenError: the e-mail address has an account.
            PasswordPoolFullError: too many passwords are being processed.
        """
        if self._sign_up == "closed":
            raise SignUpClosedError
        account = check_account(account)
        # Counted before any response: taken addresses and wrong invitations count, too.
        address = address_group(client_host)
        wait_s = await self._sign_up_limit.take(address)
        if wait_s > 0:
            raise TooManySignUpsError(wait_s)
        email_key = parse_email(account.email).key
        code_hash = hash_secret(invitation or "") if self._sign_up == "invite" else None
        # Checked before the expensive hash; the writes of the transaction below decide.
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            if code_hash and not await users.has_invitation(code_hash, email_key, self._clock()):
                raise InvitationRefusedError
            if await users.has_local_account(email_key):
                raise EmailTakenError
        password_hash = await self._password_pool.hash(
            account.password, PasswordCaller.from_address(address)
        )
        async with self._database.transaction() as transaction:
            user = await self._add_account(transaction, account, password_hash)
            if code_hash is not None:
                users = UserRepository(transaction)
                now = self._clock()
                if not await users.use_invitation(code_hash, email_key, user_id=user.id, now=now):
                    raise InvitationRefusedError
            tokens = await self._sessions.open_session(transaction, user, user_agent)
        log.info("user.signed_up", user_id=user.id)
        return tokens

    async def create_account(self, account: NewAccount) -> User:
        """Create an account for an administrator, regardless of AUTH_SIGN_UP.

        Raises:
            InvalidInputError: a field is not acceptable.
            EmailTakenError: the e-mail address has an account.
        """
        account = check_account(account)
        password_hash = await self._password_pool.hash(
            account.password, PasswordCaller.from_user("admin")
        )
        async with self._database.transaction() as transaction:
            return await self._add_account(transaction, account, password_hash)

    async def create_invitation(self, email: str | None) -> str:
        """Return the code of an invitation to sign up once within 7 days.

        Args:
            email: the only address the invitation is valid for; None for any.

        Raises:
            InvalidInputError: `email` is not an e-mail address.
        """
        if email is not None:
            check_fields({"email": lambda: parse_email(email)})
        code = secrets.token_urlsafe(_INVITATION_BYTES)
        now = self._clock()
        async with self._database.transaction() as transaction:
            await UserRepository(transaction).add_invitation(
                hash_secret(code),
                email_key=None if email is None else parse_email(email).key,
                now=now,
                expires_at=now + INVITATION_LIFETIME,
            )
        return code

    async def get_account(self, user_id: str) -> User:
        """Return an account.

        Raises:
            NotFoundError: there is no such account.
        """
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).get_account(user_id)
        if user is None:
            raise NotFoundError("This account no longer exists.")
        return user

    async def export_account(self, user_id: str) -> AccountExport:
        """Return everything this service stores about a user, except hashes.

        Raises:
            NotFoundError: there is no such account.
        """
        async with self._database.transaction() as transaction:
            export = await read_account_export(transaction, user_id)
        if export is None:
            raise NotFoundError("This account no longer exists.")
        return export

    async def update_profile(self, user_id: str, changes: Mapping[str, str | None]) -> User:
        """Change an account's name, timezone or locale; None removes a value.

        Raises:
            InvalidInputError: a value is not acceptable.
            NotFoundError: there is no such account.
        """
        check_fields({field: partial(_PARSERS[field], value) for field, value in changes.items()})
        values = {field: _PARSERS[field](value) for field, value in changes.items()}
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            user = await users.update_profile(user_id, values, self._clock())
        if user is None:
            raise NotFoundError("This account no longer exists.")
        return user

    async def iterate_accounts(self) -> AsyncIterator[User]:
        """Yield every account, oldest first."""
        after = ""
        while True:
            async with self._database.transaction() as transaction:
                page = await UserRepository(transaction).list_page(after=after, limit=_PAGE_SIZE)
            if not page:
                return
            for user in page:
                yield user
            after = page[-1].id

    async def _add_account(
        self, transaction: AsyncSession, account: NewAccount, password_hash: str
    ) -> User:
        user_id = new_id("usr")
        email = parse_email(account.email)
        user = User(
            id=user_id,
            issuer=LOCAL_ISSUER,
            subject=user_id,
            email=email.address,
            name=account.name,
            timezone=account.timezone,
            locale=account.locale,
            created_at=self._clock(),
        )
        await UserRepository(transaction).add_local_account(
            user, email_key=email.key, password_hash=password_hash
        )
        return user


def check_account(account: NewAccount) -> NewAccount:
    """Validate the fields of a new account; return them normalized.

    Raises:
        InvalidInputError: at least one field is not acceptable; the error lists every fault.
    """
    password = normalize_password(account.password)
    check_fields(
        {
            "email": lambda: parse_email(account.email),
            "password": lambda: check_password(password, email=account.email, name=account.name),
            "name": lambda: parse_name(account.name),
            "timezone": lambda: parse_timezone(account.timezone),
            "locale": lambda: parse_locale(account.locale),
        }
    )
    return NewAccount(
        email=account.email,
        password=password,
        name=parse_name(account.name),
        timezone=account.timezone,
        locale=account.locale,
    )


_PARSERS: Final = {"name": parse_name, "timezone": parse_timezone, "locale": parse_locale}
