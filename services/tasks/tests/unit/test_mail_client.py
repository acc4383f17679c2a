"""E-mail over encrypted connections: nothing is sent unless the server proves its name."""

import ssl
from collections.abc import Callable, Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from mail_kit import MailServer

from tasks_service.clients.mail_client import MailClient, parse_smtp_url
from tasks_service.domain.delivery import DeliveryFailedError
from todochat.testing.certificates import write_certificate

StartMailServer = Callable[..., MailServer]
SENDER = Address(addr_spec="reminders@todo.example")
TLS_SCHEMES = ["smtp", "smtps"]


@pytest.fixture
def start_mail_server() -> Iterator[StartMailServer]:
    """Start a mail server at which only ada can sign in, with the password p@ss."""
    servers: list[MailServer] = []

    def start(scheme: str, certificate: Path) -> MailServer:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
        options: dict[str, Any] = {
            "smtp": {"tls_context": tls, "require_starttls": True},
            "smtps": {"ssl_context": tls, "auth_require_tls": False},
        }[scheme]
        servers.append(MailServer(scheme, user=("ada", "p@ss"), **options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody trusts."""
    return write_certificate(tmp_path)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate, which this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


async def send(server: MailServer, login: str = "ada:p%40ss") -> None:
    url = server.url.replace("+plain", "").replace("://", f"://{login}@")
    message = EmailMessage()
    message["To"] = "ada@example.com"
    message["Subject"] = "Reminder: Call mom"
    await MailClient(parse_smtp_url(url), SENDER).send(message)


@pytest.mark.parametrize("scheme", TLS_SCHEMES)
async def test_message_and_password_are_sent_over_tls(
    start_mail_server: StartMailServer, trusted: Path, scheme: str
) -> None:
    server = start_mail_server(scheme, trusted)

    await send(server)

    [message] = server.messages("ada@example.com")
    assert message["Subject"] == "Reminder: Call mom"
    assert server.logins == [("ada", "p@ss")]


@pytest.mark.parametrize("scheme", TLS_SCHEMES)
async def test_unknown_certificate_gets_neither_password_nor_message(
    start_mail_server: StartMailServer, certificate: Path, scheme: str
) -> None:
    server = start_mail_server(scheme, certificate)

    with pytest.raises(DeliveryFailedError, match="SSLCertVerificationError"):
        await send(server)

    assert (server.logins, server.received) == ([], [])


@pytest.mark.parametrize("scheme", TLS_SCHEMES)
async def test_certificate_of_another_host_gets_neither_password_nor_message(
    start_mail_server: StartMailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    other = write_certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    server = start_mail_server(scheme, other)

    with pytest.raises(DeliveryFailedError, match="SSLCertVerificationError"):
        await send(server)

    assert (server.logins, server.received) == ([], [])


async def test_server_without_starttls_gets_neither_password_nor_message() -> None:
    server = MailServer(user=("ada", "p@ss"), auth_require_tls=False)
    server.start()

    try:
        with pytest.raises(DeliveryFailedError, match="SMTPException"):
            await send(server)
    finally:
        server.stop()

    assert (server.logins, server.received) == ([], [])


@pytest.mark.parametrize("scheme", TLS_SCHEMES)
async def test_rejected_password_is_retried_later(
    start_mail_server: StartMailServer, trusted: Path, scheme: str
) -> None:
    """The settings may be corrected before the attempts end."""
    server = start_mail_server(scheme, trusted)

    with pytest.raises(DeliveryFailedError, match="rejected sign-in"):
        await send(server, "ada:wrong")

    assert server.received == []
