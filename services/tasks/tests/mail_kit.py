"""A real SMTP server that keeps what it gets, and auth-session as far as it knows addresses."""

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.testing import free_port


class MailServer:
    """Accepts messages, unless `answers` has another response; `on_message` runs before it.

    Args:
        user: the only user who can sign in, and the password.
        options: of aiosmtpd's `Controller` and `SMTP`.
    """

    def __init__(
        self,
        scheme: str = "smtp+plain",
        *,
        user: tuple[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.logins: list[tuple[str, str]] = []
        self.received: list[tuple[str, list[str], EmailMessage]] = []
        self.answers: list[str] = []
        self.on_message: Callable[[], object] | None = None
        self._scheme, self._user = scheme, user
        if user is not None:
            options["authenticator"] = self._authenticate
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), **options)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._controller.port}"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def messages(self, to: str) -> list[EmailMessage]:
        return [message for _, recipients, message in self.received if recipients == [to]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message: Any = email.message_from_bytes(content, policy=email.policy.default)
        self.received.append((envelope.mail_from or "", list(envelope.rcpt_tos), message))
        if self.on_message is not None:
            self.on_message()
        return self.answers.pop(0) if self.answers else "250 OK"

    def _authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        data: LoginPassword,
    ) -> AuthResult:
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login == self._user, handled=False)


class Contacts:
    """auth-session's route of contacts; users without an entry don't exist."""

    def __init__(self, verifier: ServiceTokens) -> None:
        self.known: dict[str, dict[str, str | None]] = {}
        self._verifier = verifier
        app = web.Application()
        app.router.add_get("/internal/users/{user_id}/contact", self._read)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def _read(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        caller = self._verifier.verify([Arrow.TASKS_TO_AUTH], token)
        assert caller.user_id == request.match_info["user_id"]
        known = self.known.get(caller.user_id)
        return web.json_response(known or {}, status=200 if known else 404)
