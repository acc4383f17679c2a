"""HTTP requests to a deployment, and their failures as messages."""

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from terminal_chat.errors import ChatError, RunLogGoneError, SignedOutError

CONNECT_TIMEOUT_S: Final = 5.0
# The server pings every 15 s; without a timeout a half-open connection would look like a slow model.
READ_TIMEOUT_S: Final = 40.0
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
REFRESH_COOKIE: Final = "todochat_refresh"


def open_client(url: str) -> httpx.Client:
    """Return a client for a deployment's address."""
    address = httpx.URL(url)
    return httpx.Client(
        base_url=address,
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        headers={"User-Agent": "todochat-cli"},
        verify=address.scheme != "http",  # loading certificates takes 80 ms; HTTP needs none
        trust_env=address.host not in LOOPBACK,  # a proxy can't reach this machine's loopback
    )


def call(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request and return its successful response.

    Raises:
        ChatError: the deployment is unreachable or rejected the request.
    """
    try:
        response = client.request(method, path, **options)
    except httpx.TransportError as error:
        raise unreachable(client, error) from error
    return check_response(response)


def check_response(response: httpx.Response) -> httpx.Response:
    """Return a successful response; the body of any other one must have been read.

    Raises:
        SignedOutError: 401.
        RunLogGoneError: 410.
        ChatError: any other failure; the message is the problem's detail with its request ID.
    """
    if response.is_success:
        return response
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    message = problem.get("detail") or problem.get("title")
    if not message:
        message = f"{response.request.url.path} returned {response.status_code}"
    if problem.get("request_id"):
        message = f"{message} (request {problem['request_id']})"
    kinds = {401: SignedOutError, 410: RunLogGoneError}
    raise kinds.get(response.status_code, ChatError)(message)


def unreachable(client: httpx.Client, error: Exception) -> ChatError:
    """Return the error for a deployment that can't be reached."""
    reason = str(error) or type(error).__name__
    return ChatError(f"can't reach {client.base_url}: {reason}")
