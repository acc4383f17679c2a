"""Reminders by e-mail: a user switches them on, after confirming the address in the profile."""

import datetime as dt
import hashlib
import hmac
import secrets
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tasks_service.clients.contact_directory import ContactDirectory
from tasks_service.clients.mail_client import MailClient
from tasks_service.domain.delivery import (
    DeliveryFailedError,
    DeliveryRefusedError,
    FiredReminder,
    TargetGoneError,
)
from tasks_service.domain.email_text import code_email, reminder_email
from tasks_service.errors import EmailUnavailableError, WrongCodeError
from tasks_service.storage.delivery_repository import Delivery
from tasks_service.storage.reminder_email_repository import ReminderEmailRepository
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.errors import TooManyRequestsError, UnavailableError
from todochat.http.rate_limit import RateLimit

CODE_DIGITS: Final = 8
CODE_LIFETIME: Final = dt.timedelta(hours=1)
CODE_TRIES: Final = 5
CODES_PER_HOUR: Final = 3  # to one address, by whichever user


class ReminderEmail(msgspec.Struct, frozen=True, kw_only=True):
    """The state of reminders by e-mail."""

    available: Annotated[
        bool, Meta(description="This installation sends e-mail, and the profile has an address.")
    ]
    on: bool
    address: Annotated[str | None, Meta(description="The address in the user's profile.")]
    awaits_code: Annotated[
        bool, Meta(description="A code was sent to the address; entering it switches them on.")
    ]


class ReminderEmailService:
    """Reads and changes the preference.

    The address is confirmed with a code, because a sign-up doesn't prove that an address belongs to
    the user: otherwise anybody could have texts of their choice sent to anybody.

    Args:
        mail: None if this installation sends no e-mail.
        code_limit: by digest of the address.
    """

    def __init__(
        self,
        database: Database,
        contacts: ContactDirectory,
        mail: MailClient | None,
        code_limit: RateLimit,
    ) -> None:
        self._database = database
        self._contacts = contacts
        self._mail = mail
        self._code_limit = code_limit

    async def get(self, user_id: str) -> ReminderEmail:
        """Return the preference.

        Raises:
            UpstreamError: auth-session, which knows the address, is unreachable.
        """
        address = (await self._contacts.find(user_id)).email
        async with open_transaction(self._database, user_id) as session:
            record = await ReminderEmailRepository(session, user_id).find()
        digest = address_digest(address)
        is_on = record is not None and record.is_on and record.confirmed_digest == digest
        return ReminderEmail(
            available=self._mail is not None and address is not None,
            on=is_on,
            address=address,
            awaits_code=(
                record is not None
                and not is_on
                and record.pending_digest == digest
                and record.code_expires_at is not None
                and record.code_expires_at > utc_now()
            ),
        )

    async def switch(self, user_id: str, *, is_on: bool) -> ReminderEmail:
        """Switch reminders by e-mail off, or on; an unconfirmed address is sent a code instead.

        Raises:
            EmailUnavailableError: there is no address or no mail server, or it refuses the address.
            TooManyRequestsError: the address was sent 3 codes within an hour.
            UnavailableError: the mail server or auth-session is unreachable.
        """
        if is_on:
            address = (await self._contacts.find(user_id)).email
            if self._mail is None or address is None:
                raise EmailUnavailableError("There is no mail server or no address to send to.")
            digest = address_digest(address)
            async with open_transaction(self._database, user_id) as session:
                record = await ReminderEmailRepository(session, user_id).lock()
                is_confirmed = record.confirmed_digest == digest
                record.is_on = is_confirmed
            if not is_confirmed:
                await self._send_code(self._mail, user_id, address)
        else:
            async with open_transaction(self._database, user_id) as session:
                record = await ReminderEmailRepository(session, user_id).lock()
                record.is_on = False
                record.code_digest = record.pending_digest = record.code_expires_at = None
        return await self.get(user_id)

    async def confirm(self, user_id: str, code: str) -> ReminderEmail:
        """Switch reminders on with the code that was sent to the address.

        Raises:
            WrongCodeError: it is another code, has expired, or was tried wrongly 5 times.
        """
        now = utc_now()
        async with open_transaction(self._database, user_id) as session:
            record = await ReminderEmailRepository(session, user_id).lock()
            is_open = record.code_expires_at is not None and record.code_expires_at > now
            is_right = (
                is_open
                and record.tries_left > 0
                and record.code_digest is not None
                and hmac.compare_digest(record.code_digest, _code_digest(user_id, code))
            )
            record.tries_left = max(record.tries_left - 1, 0)
            if is_right:
                record.is_on = True
                record.confirmed_digest = record.pending_digest
                record.code_digest = record.pending_digest = record.code_expires_at = None
        if not is_right:  # after the commit, which counts the try
            raise WrongCodeError
        return await self.get(user_id)

    async def _send_code(self, mail: MailClient, user_id: str, address: str) -> None:
        digest, now = address_digest(address), utc_now()
        wait_s = await self._code_limit.take(digest.hex()[:32])
        if wait_s > 0:
            msg = f"At most {CODES_PER_HOUR} codes an hour are sent to an address."
            raise TooManyRequestsError(msg, retry_after_s=wait_s)
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        async with open_transaction(self._database, user_id) as session:
            await ReminderEmailRepository(session, user_id).start(
                digest, _code_digest(user_id, code), now + CODE_LIFETIME, CODE_TRIES
            )
        try:
            await mail.send(code_email(code, address, mail.sender, now=now))
        except DeliveryFailedError as error:
            raise UnavailableError("The mail server can't be reached right now.") from error
        except (DeliveryRefusedError, ValueError) as error:
            raise EmailUnavailableError("The mail server refuses your address.") from error


class EmailSender:
    """Sends reminders to the confirmed addresses of users."""

    slots = 5

    def __init__(
        self, database: Database, contacts: ContactDirectory, mail: MailClient, public_url: str
    ) -> None:
        self._database = database
        self._contacts = contacts
        self._mail = mail
        self._public_url = public_url.rstrip("/")

    async def send(self, delivery: Delivery, reminder: FiredReminder) -> None:
        """Send a reminder to the user's address, if it still is the one that was confirmed."""
        contact = await self._contacts.find(delivery.user_id)
        async with open_transaction(self._database, delivery.user_id) as session:
            record = await ReminderEmailRepository(session, delivery.user_id).find()
        digest = address_digest(contact.email)
        if contact.email is None or record is None or not record.is_on:
            raise TargetGoneError("switched off")
        if record.confirmed_digest != digest:
            raise TargetGoneError("the address isn't confirmed")
        try:
            message = reminder_email(
                reminder,
                contact.email,
                self._mail.sender,
                public_url=self._public_url,
                timezone=contact.timezone,
                now=utc_now(),
            )
        except ValueError as error:
            raise DeliveryRefusedError("malformed address") from error
        await self._mail.send(message)


def address_digest(address: str | None) -> bytes:
    """Return what is stored of an address."""
    return hashlib.sha256((address or "").casefold().encode()).digest()


def _code_digest(user_id: str, code: str) -> bytes:
    return hashlib.sha256(f"{user_id} {code}".encode()).digest()
