"""Sends messages to the push services of browsers."""

import datetime as dt
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tasks_service.clients.public_resolver import PublicResolver, is_public
from tasks_service.domain.delivery import (
    DeliveryFailedError,
    DeliveryRefusedError,
    TargetGoneError,
)
from tasks_service.domain.web_push import VapidKey, decode_base64url, encrypt
from todochat.clock import utc_now

TIMEOUT_S: Final = 10.0  # of one message, from connecting to the response's headers
CONNECT_TIMEOUT_S: Final = 4.0
MAX_CONNECTIONS: Final = 50
MAX_RETRY_AFTER: Final = dt.timedelta(hours=1)
TTL_S: Final = 86_400  # how long a push service keeps a message for a device that is off
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_RETRIABLE: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Device(msgspec.Struct, frozen=True):
    """The endpoint of a message, and the keys that encrypt it; as stored, see `DeviceRecord`."""

    endpoint: str
    public_key: str
    auth_secret: str


class PushClient:
    """Sends messages, each in one request without redirects.

    Args:
        subject: see `VapidKey.authorization`.
        allow_private: also send to private addresses, and without TLS.
    """

    def __init__(self, subject: str, *, allow_private: bool) -> None:
        self._subject = subject
        self._allow_private = allow_private
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS,
                resolver=None if allow_private else PublicResolver(),
                use_dns_cache=allow_private,
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(self, device: Device, payload: bytes, topic: str, key: VapidKey) -> None:
        """Hand a message over to the device's push service.

        Args:
            topic: 32 characters of base64url; a message that the device hasn't received yet is
                replaced by a later one with the same topic.

        Raises:
            TargetGoneError: the device doesn't exist any more.
            DeliveryRefusedError: the push service will never accept this message.
            DeliveryFailedError: it may accept the message later.
        """
        self._check_literal(device.endpoint)
        body = encrypt(
            payload, decode_base64url(device.public_key), decode_base64url(device.auth_secret)
        )
        headers = {
            "Authorization": key.authorization(device.endpoint, self._subject, utc_now()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Topic": topic,
            "Urgency": "high",
        }
        try:
            async with self._session.post(
                device.endpoint, data=body, headers=headers, allow_redirects=False
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryFailedError(type(error).__name__) from error
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        reason = f"status {status}"
        if status in _GONE:
            raise TargetGoneError(reason)
        if status in _RETRIABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DeliveryFailedError(reason, parse_retry_after(retry_after, utc_now()))
        raise DeliveryRefusedError(reason)

    def _check_literal(self, endpoint: str) -> None:
        """Refuse an IP address in place of a name, which aiohttp doesn't resolve."""
        if self._allow_private:
            return
        host = urlsplit(endpoint).hostname or ""
        try:
            is_allowed = is_public(host)
        except ValueError:  # a name
            return
        if not is_allowed:
            raise DeliveryRefusedError("private address")


def parse_retry_after(value: str, now: dt.datetime) -> dt.timedelta | None:
    """Return the delay that a `Retry-After` asks for, from 0 to an hour; None if it is malformed."""
    if value.isascii() and value.isdigit():
        delay = dt.timedelta(seconds=min(int(value[:9]), MAX_RETRY_AFTER.total_seconds()))
    else:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        delay = moment.replace(tzinfo=moment.tzinfo or dt.UTC) - now
    return min(max(delay, dt.timedelta(0)), MAX_RETRY_AFTER)
