"""The HTTP side: requests, and what goes wrong with them in words."""

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from todochat_local.chat.error import ChatError, RunLogGoneError, SignedOutError

CONNECT_TIMEOUT_S: Final = 5.0
# The server says something at least every 15 s; a half-open connection must not look like thought.
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
        verify=address.scheme != "http",  # certificates that nobody will show take 80 ms to load
        trust_env=address.host not in LOOPBACK,  # a proxy doesn't know this machine
    )


def call(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request and return a successful answer.

    Raises:
        ChatError: the deployment can't be reached, or refuses.
    """
    try:
        response = client.request(method, path, **options)
    except httpx.TransportError as error:
        raise unreachable(client, error) from error
    return check(response)


def check(response: httpx.Response) -> httpx.Response:
    """Return a successful response; its body must have been read otherwise.

    Raises:
        SignedOutError: 401.
        RunLogGoneError: 410.
        ChatError: any other failure.
    """
    if response.is_success:
        return response
    message = describe(response)
    kinds = {401: SignedOutError, 410: RunLogGoneError}
    raise kinds.get(response.status_code, ChatError)(message)


def describe(response: httpx.Response) -> str:
    """Put a failed answer into words."""
    problem = problem_of(response)
    detail = problem.get("detail") or problem.get("title")
    request_id = problem.get("request_id")
    words = detail or f"{response.request.url.path} answered {response.status_code}"
    return f"{words} (request {request_id})" if request_id else str(words)


def problem_of(response: httpx.Response) -> Mapping[str, Any]:
    """Return the problem document of a failed answer; empty if it has none."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def unreachable(client: httpx.Client, error: Exception) -> ChatError:
    """Return the error for a deployment that doesn't answer."""
    reason = str(error) or type(error).__name__
    return ChatError(f"can't reach {client.base_url}: {reason}")
