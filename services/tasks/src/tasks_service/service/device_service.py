"""The devices on which a user gets reminders by Web Push."""

import asyncio
import datetime as dt
import socket
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from sqlalchemy.exc import IntegrityError

from tasks_service.clients.public_resolver import PrivateAddressError, PublicResolver
from tasks_service.domain.limits import MAX_DEVICE_NAME_CHARS, MAX_DEVICES
from tasks_service.domain.text import clean_line, invalid
from tasks_service.domain.web_push import check_device_keys, check_endpoint
from tasks_service.errors import BusyError, DeviceNotFoundError, TooManyDevicesError
from tasks_service.service.push_key import PushKeyProvider
from tasks_service.storage.device_repository import DeviceRepository
from tasks_service.storage.records import DeviceRecord
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.errors import UnavailableError
from todochat.ids import new_id

RESOLVE_TIMEOUT_S: Final = 3.0


class PushDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that shows the user's reminders."""

    id: Annotated[str, Meta(description="`dev_` and 26 characters.")]
    name: Annotated[str | None, Meta(description="As the client called it.")]
    push_service: Annotated[
        str, Meta(description="Host of the browser's push service, which relays the messages.")
    ]
    created_at: dt.datetime


class PushDevicePage(msgspec.Struct, frozen=True, kw_only=True):
    """The devices, and what a browser needs to become one of them."""

    public_key: Annotated[
        str, Meta(description="`applicationServerKey` of a new subscription, base64url.")
    ]
    items: Annotated[list[PushDevice], Meta(description="At most 10, the newest first.")]


class DeviceService:
    """Adds, lists and removes devices.

    They aren't changes of tasks: they are neither recorded nor undone, and adding one again is safe
    without an idempotency key.

    Args:
        key: whose public half browsers need.
        allow_private: admit endpoints in private networks.
    """

    def __init__(self, database: Database, key: PushKeyProvider, *, allow_private: bool) -> None:
        self._database = database
        self._key = key
        self._allow_private = allow_private

    async def list_all(self, user_id: str) -> PushDevicePage:
        """Return the devices and this installation's public key."""
        key = await self._key.get()
        async with open_transaction(self._database, user_id) as session:
            records = await DeviceRepository(session, user_id).list_all()
        return PushDevicePage(
            public_key=key.public_key, items=[_to_device(record) for record in records]
        )

    async def subscribe(
        self, user_id: str, endpoint: str, public_key: str, auth_secret: str, name: str | None
    ) -> PushDevice:
        """Add a device, or update it: an endpoint is one device, of the user who subscribed last.

        Raises:
            InvalidInputError: the endpoint isn't the public address of a push service, or a key or
                the name is malformed.
            TooManyDevicesError: the user has 10 other devices.
            UnavailableError: the endpoint's host can't be resolved in time.
            BusyError: another user subscribes the same device at this moment.
        """
        check_endpoint(endpoint, allow_private=self._allow_private)
        check_device_keys(public_key, auth_secret)
        if name is not None:
            name = clean_line(name, pointer="/name", max_chars=MAX_DEVICE_NAME_CHARS)
        if not self._allow_private:
            await self._check_address(endpoint)
        try:
            async with open_transaction(self._database, user_id) as session:
                devices = DeviceRepository(session, user_id)
                known = await devices.list_all()
                if len(known) >= MAX_DEVICES and endpoint not in {each.endpoint for each in known}:
                    raise TooManyDevicesError(MAX_DEVICES)
                record = await devices.save(
                    new_id("dev"), endpoint, public_key, auth_secret, name, utc_now()
                )
        except IntegrityError as error:
            raise BusyError from error
        return _to_device(record)

    async def unsubscribe(self, user_id: str, device_id: str) -> None:
        """Remove a device.

        Raises:
            DeviceNotFoundError: the user has no such device.
        """
        async with open_transaction(self._database, user_id) as session:
            if not await DeviceRepository(session, user_id).delete(device_id):
                raise DeviceNotFoundError

    async def _check_address(self, endpoint: str) -> None:
        """Check early what `PushClient` checks again for each message."""
        host = urlsplit(endpoint).hostname or ""
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                await PublicResolver().resolve(host, 443, socket.AF_UNSPEC)
        except PrivateAddressError:
            raise invalid("/endpoint", "must not lead into a private network") from None
        except socket.gaierror:
            raise invalid("/endpoint", "must have a host that can be resolved") from None
        except TimeoutError as error:
            msg = "The push service's address can't be checked right now."
            raise UnavailableError(msg) from error


def _to_device(record: DeviceRecord) -> PushDevice:
    return PushDevice(
        id=record.id,
        name=record.name,
        push_service=urlsplit(record.endpoint).hostname or "",
        created_at=record.created_at,
    )
