"""Sends e-mail through an SMTP server, one connection per message."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from tasks_service.domain.delivery import DeliveryFailedError, DeliveryRefusedError
from tasks_service.domain.email_text import parse_address
from todochat.settings import SettingsError

TIMEOUT_S: Final = 10.0  # of one step: to connect, or to respond to a command
TOTAL_TIMEOUT_S: Final = 20.0
# Scheme -> its port, and whether the connection starts with TLS and must change to it.
SCHEMES: Final = {
    "smtp": (587, False, True),
    "smtps": (465, True, False),
    "smtp+plain": (25, False, False),
}


class SmtpServer(msgspec.Struct, frozen=True):
    """A server, and how to talk to it."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool
    username: str | None
    password: str | None


def parse_smtp_url(url: str) -> SmtpServer:
    """Read SMTP_URL.

    Raises:
        SettingsError: it isn't `smtp://`, `smtps://` or `smtp+plain://[user:password@]host[:port]`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/"):
        msg = f"setting SMTP_URL: must be {', '.join(SCHEMES)}://[user:password@]host[:port]"
        raise SettingsError(msg)
    default_port, use_tls, start_tls = SCHEMES[parts.scheme]
    return SmtpServer(
        host=parts.hostname,
        port=port or default_port,
        use_tls=use_tls,
        start_tls=start_tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def parse_sender(text: str) -> Address:
    """Read SMTP_FROM.

    Raises:
        SettingsError: it isn't `name@host` or `Name <name@host>`.
    """
    name, address = parseaddr(text)
    try:
        sender = parse_address(address, name)
    except ValueError:
        sender = Address()
    if not sender.username or not sender.domain:
        msg = "setting SMTP_FROM: must be an address, such as Todochat <reminders@example.com>"
        raise SettingsError(msg)
    return sender


class MailClient:
    """Hands messages over to one SMTP server."""

    def __init__(self, server: SmtpServer, sender: Address) -> None:
        self._server = server
        self.sender = sender

    async def send(self, message: EmailMessage) -> None:
        """Hand a message over to the server.

        Raises:
            DeliveryRefusedError: the server will never accept it.
            DeliveryFailedError: it may accept the message later.
        """
        server = self._server
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                await aiosmtplib.send(
                    message,
                    sender=self.sender.addr_spec,
                    recipients=[message["To"].addresses[0].addr_spec],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.use_tls,
                    start_tls=server.start_tls,
                    timeout=TIMEOUT_S,
                )
        except aiosmtplib.SMTPAuthenticationError as error:  # of the settings, not of the message
            raise DeliveryFailedError("rejected sign-in") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(error.recipients[0].code) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from error
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            # aiosmtplib's SMTPConnectError hides that a certificate was rejected.
            raise DeliveryFailedError(type(error.__cause__ or error).__name__) from error


def _failure(code: int) -> Exception:
    kind = DeliveryRefusedError if code >= 500 else DeliveryFailedError
    return kind(f"SMTP {code}")
