"""Accounts: signing up, being invited, and what people say about themselves."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final, Literal

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.account_export import AccountExport
from auth_session.domain.caller import Caller
from auth_session.domain.clock import Clock
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
from auth_session.service.password_pool import PasswordPool
from auth_session.service.session_service import SessionService, SignedIn
from auth_session.storage.export_repository import export_account
from auth_session.storage.user_repository import UserRepository
from todochat.database import Database
from todochat.errors import NotFoundError
from todochat.http.rate_limit import RateLimit
from todochat.ids import new_id

SignUpMode = Literal["open", "invite", "closed"]

_INVITATION_BYTES: Final = 16
_PAGE: Final = 200

log = structlog.get_logger(__name__)


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is made of; `check_account` makes it acceptable."""

    email: str
    password: str
    name: str | None = None
    timezone: str | None = None
    locale: str | None = None


class AccountService:
    """Makes and changes accounts."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordPool,
        sessions: SessionService,
        sign_ups: RateLimit,
        *,
        sign_up: SignUpMode,
        clock: Clock,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._sign_ups = sign_ups
        self._sign_up = sign_up
        self._clock = clock

    async def sign_up(
        self,
        account: NewAccount,
        invitation: str | None,
        client_host: str,
        user_agent: str | None = None,
    ) -> SignedIn:
        """Make an account and sign it in.

        Raises:
            SignUpClosedError: nobody may sign up here.
            InvitationRefusedError: only the invited may, and `invitation` doesn't hold.
            InvalidInputError: a field is not acceptable.
            TooManySignUpsError: too many came from this address within an hour.
            EmailTakenError: the e-mail address has an account.
            PasswordPoolFullError: too many passwords are being hashed.
        """
        if self._sign_up == "closed":
            raise SignUpClosedError
        checked = check_account(account)
        # Counted before anything is told: a taken address and a wrong invitation use it up, too.
        address = address_group(client_host)
        wait_s = await self._sign_ups.take(address)
        if wait_s > 0:
            raise TooManySignUpsError(wait_s)
        email_key = parse_email(checked.email).key
        code_hash = None if self._sign_up == "open" else _hash_code(invitation)
        # Asked before the costly hash, and decided by the writes of the transaction below.
        await self._admit(email_key, code_hash)
        password_hash = await self._passwords.hash(checked.password, Caller.at(address))
        async with self._database.transaction() as transaction:
            user = await self._add(transaction, checked, password_hash)
            if code_hash is not None:
                users = UserRepository(transaction)
                now = self._clock()
                if not await users.use_invitation(code_hash, email_key, user_id=user.id, now=now):
                    raise InvitationRefusedError
            signed_in = await self._sessions.open(transaction, user, user_agent)
        log.info("user.signed_up", user_id=user.id)
        return signed_in

    async def create(self, account: NewAccount) -> User:
        """Make an account on an administrator's word, whatever AUTH_SIGN_UP says.

        Raises:
            InvalidInputError: a field is not acceptable.
            EmailTakenError: the e-mail address has an account.
        """
        checked = check_account(account)
        password_hash = await self._passwords.hash(checked.password, Caller.owner("admin"))
        async with self._database.transaction() as transaction:
            return await self._add(transaction, checked, password_hash)

    async def invite(self, email: str | None) -> str:
        """Return a code that lets its holder sign up once within 7 days.

        Args:
            email: the only address the code holds for; None for any.

        Raises:
            InvalidInputError: `email` is no e-mail address.
        """
        if email is not None:
            check_fields({"email": lambda: parse_email(email)})
        code = secrets.token_urlsafe(_INVITATION_BYTES)
        now = self._clock()
        async with self._database.transaction() as transaction:
            await UserRepository(transaction).add_invitation(
                _hash_code(code),
                email_key=None if email is None else parse_email(email).key,
                now=now,
                expires_at=now + INVITATION_LIFETIME,
            )
        return code

    async def get(self, user_id: str) -> User:
        """Return an account.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).get(user_id)
        if user is None:
            raise NotFoundError("This account does not exist any more.")
        return user

    async def export(self, user_id: str) -> AccountExport:
        """Return everything that is kept about a person here, but for hashes.

        Raises:
            NotFoundError: there is no such account.
        """
        async with self._database.transaction() as transaction:
            export = await export_account(transaction, user_id)
        if export is None:
            raise NotFoundError("This account does not exist any more.")
        return export

    async def update_profile(self, user_id: str, changes: Mapping[str, str | None]) -> User:
        """Change an account's name, timezone or locale; None removes what was said.

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
            raise NotFoundError("This account does not exist any more.")
        return user

    async def all(self) -> AsyncIterator[User]:
        """Yield every account, oldest first."""
        after = ""
        while True:
            async with self._database.transaction() as transaction:
                page = await UserRepository(transaction).page(after=after, limit=_PAGE)
            if not page:
                return
            for user in page:
                yield user
            after = page[-1].id

    async def _admit(self, email_key: str, code_hash: bytes | None) -> None:
        async with self._database.transaction() as transaction:
            users = UserRepository(transaction)
            if code_hash and not await users.has_invitation(code_hash, email_key, self._clock()):
                raise InvitationRefusedError
            if await users.has_local(email_key):
                raise EmailTakenError

    async def _add(
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
        await UserRepository(transaction).add_local(
            user, email_key=email.key, password_hash=password_hash
        )
        return user


def check_account(account: NewAccount) -> NewAccount:
    """Return an account's data as it is stored; the password as it is hashed.

    Raises:
        InvalidInputError: a field is not acceptable; every fault is named.
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


def _hash_code(invitation: str | None) -> bytes:
    if not invitation:
        raise InvitationRefusedError
    return hashlib.sha256(invitation.encode()).digest()
