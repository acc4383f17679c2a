"""A scripted deployment: the routes that a chat client uses, over real HTTP."""

import itertools
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER = "usr_fake"
THREAD = "thr_fake"
RUN = "run_fake"
StreamScript = Callable[["Exchange"], None]


class Exchange:
    """One streamed chat request and its response."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.headers = handler.headers
        self.body = body
        self._handler = handler

    def begin(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("X-Run-Id", RUN)
        self._handler.end_headers()

    def send(self, number: int, **event: Any) -> None:
        self.write(f"id: {number}\ndata: {json.dumps(event)}\n\n")

    def delta(self, number: int, text: str, item: str = "msg_1") -> None:
        update = {"type": "assistant_message.content_part.text_delta", "delta": text}
        self.send(number, type="thread.item.updated", item_id=item, update=update)

    def done(self, number: int, text: str, item: str = "msg_1") -> None:
        self.send(number, type="thread.item.done", item=assistant_message(text, item))

    def end(self, number: int, status: str = "completed") -> None:
        self.write(f"id: {number}\n: end {status}\n\n")

    def write(self, text: str) -> None:
        self._handler.wfile.write(text.encode())
        self._handler.wfile.flush()

    def respond(self, status: int, body: dict[str, Any]) -> None:
        reply(self._handler, status, body)

    def drop_connection(self) -> None:
        """Close the connection without a response."""
        self._handler.close_connection = True
        self._handler.connection.close()


class FakeDeployment:
    """Serves requests until closed.

    Attributes:
        scripts: write the response of each streamed request, in order.
        requests: method and path of every request, with its headers.
        responses: JSON of ChatKit requests that don't stream, by type.
        rejected_secrets: client secrets that get 401.
        rejected_logins: login tokens that get 401.
        user_id: the user of the account; a client secret is for this user only.
        has_link_page: whether the site redeems sign-in links.
        login_lasts_s: lifetime of login tokens.
        documents: responses to GET, by path; a text is truncated by one character.
    """

    def __init__(self) -> None:
        self.scripts: list[StreamScript] = []
        self.streams: list[Exchange] = []
        self.requests: list[str] = []
        self.responses: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, str] = {}
        self.tasks: list[dict[str, Any]] = []
        self.active_run = ""
        self.rejected_secrets: set[str] = set()
        self.rejected_logins: set[str] = set()
        self.user_id = USER
        self.sign_up_open = True
        self.has_link_page = True
        self.issued_secrets = 0
        self.login_lasts_s = 900
        self.documents: dict[str, dict[str, Any] | str] = {}
        self._numbers = itertools.count(1)
        self._refresh_tokens: list[
            str
        ] = []  # the last one is valid; using an earlier one revokes all
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, request: str) -> int:
        return self.requests.count(request)

    def reset(self) -> None:
        """Forget all accounts and tokens, as a deployment whose data was deleted does."""
        self.rejected_logins |= {f"login-{token}" for token in self._refresh_tokens}
        self.rejected_secrets |= {f"secret-{n}" for n in range(1, self.issued_secrets + 1)}
        self._refresh_tokens.clear()
        self.accounts.clear()
        self.user_id = "usr_after_reset"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(deployment) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                deployment.requests.append(f"GET {self.path.partition('?')[0]}")
                deployment._get(self)

            def do_POST(self) -> None:
                deployment.requests.append(f"POST {self.path}")
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                deployment._post(self, json.loads(body or "{}"))

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _get(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        if path.endswith("/tasks") and self._bearer(handler) in self.rejected_logins:
            reply(handler, 401, {"detail": "The login has expired."})
        elif path == f"/api/{self.user_id}/tasks":
            reply(handler, 200, {"items": self.tasks, "next_cursor": None})
        elif path == f"/api/{self.user_id}/chat/runs":
            items = [{"run_id": self.active_run}] if self.active_run else []
            reply(handler, 200, {"items": items})
        elif path == "/sign-in-link" and self.has_link_page:
            reply(handler, 200, {})
        elif path == "/sign-in-link":
            reply(handler, 404, {"detail": "Page not found."})
        elif path in self.documents:
            self._send_document(handler, self.documents[path])
        else:
            self._stream(handler, {})

    def _send_document(
        self, handler: BaseHTTPRequestHandler, document: dict[str, Any] | str
    ) -> None:
        if isinstance(document, dict):
            reply(handler, document.get("status", 200), document)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(document)))
        handler.end_headers()
        handler.wfile.write(document[:-1].encode())
        handler.close_connection = True

    def _post(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        match handler.path:
            case "/api/auth/sign-up" if not self.sign_up_open:
                reply(handler, 403, {"detail": "Sign-up is closed."})
            case "/api/auth/sign-up":
                self.accounts[body["email"]] = body["password"]
                self._sign_in(handler, 201)
            case "/api/auth/sign-in" if self.accounts.get(body["email"]) == body["password"]:
                self._sign_in(handler, 200)
            case "/api/auth/sign-in":
                reply(handler, 401, {"detail": "Wrong e-mail address or password."})
            case "/api/auth/refresh":
                self._refresh(handler)
            case "/api/auth/sign-in-links":
                self._sign_in_link(handler)
            case "/api/chatkit/session" if self._bearer(handler) in self.rejected_logins:
                reply(handler, 401, {"detail": "The login has expired."})
            case "/api/chatkit/session":
                self.issued_secrets += 1
                secret = f"secret-{self.issued_secrets}"
                body = {"client_secret": secret, "expires_at": "2999-01-01T00:00:00Z"}
                reply(handler, 200, body)
            case path if path.endswith("/cancel"):
                reply(handler, 202, {"status": "running"})
            case _:
                self._chat(handler, body)

    def _chat(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body["type"] in self.responses:
            reply(handler, 200, self.responses[body["type"]])
        else:
            self._stream(handler, body)

    def _stream(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if self._bearer(handler) in self.rejected_secrets:
            reply(handler, 401, {"detail": "The client secret has expired."})
            return
        if not handler.path.startswith(f"/api/{self.user_id}/"):
            reply(handler, 403, {"detail": "This client secret belongs to another user."})
            return
        exchange = Exchange(handler, body)
        self.streams.append(exchange)
        self.scripts.pop(0)(exchange)

    def _bearer(self, handler: BaseHTTPRequestHandler) -> str:
        return (handler.headers["Authorization"] or "").removeprefix("Bearer ")

    def _refresh(self, handler: BaseHTTPRequestHandler) -> None:
        token = (handler.headers["Cookie"] or "").removeprefix("todochat_refresh=")
        if self.accounts and self._refresh_tokens[-1:] == [token]:
            self._sign_in(handler, 200)
        else:
            self._refresh_tokens.clear()
            reply(handler, 401, {"detail": "The session has expired."})

    def _sign_in_link(self, handler: BaseHTTPRequestHandler) -> None:
        token = self._refresh_tokens[-1] if self._refresh_tokens else ""
        cookie = (handler.headers["Cookie"] or "").removeprefix("todochat_refresh=")
        if (self._bearer(handler), cookie) == (f"login-{token}", token):
            reply(handler, 201, {"token": f"link-{token}", "expires_at": "2999-01-01T00:00:00Z"})
        else:
            reply(handler, 401, {"detail": "The refresh token of this session is missing."})

    def _sign_in(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        token = f"r{next(self._numbers)}"
        self._refresh_tokens.append(token)
        body = {
            "access_token": f"login-{token}",
            "expires_in": self.login_lasts_s,
            "user": {"id": self.user_id},
        }
        cookie = f"todochat_refresh={token}; HttpOnly; Path=/api/auth; SameSite=Lax"
        reply(handler, status, body, {"Set-Cookie": cookie})


def assistant_message(text: str, item: str = "msg_1") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": item, "type": "assistant_message", "content": content}


def user_message(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"id": "msg_0", "type": "user_message", "content": content}


def reply(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
