"""Hostile values in path parameters, query parameters, headers and fields never cause a 5xx."""

import hmac
import itertools
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from auth_kit import PASSWORD, SERVICE_TOKENS, Service, StartService, bearer

from todochat.identity.access_tokens import new_access_token
from todochat.identity.service_tokens import Arrow
from todochat.ids import new_id
from todochat.testing.issuer import BETTER_AUTH_SECRET

NEW_PASSWORD: Final = "a better horse battery"
VERIFY: Final = "/internal/access-tokens/verify"
ENDS_THE_SESSION: Final = (
    "/api/auth/sign-out",
    "/api/auth/sign-out-everywhere",
    "/api/auth/password",
    "/api/auth/me",
)

# Path parameters and headers, as bytes because not all of them are text.
BYTES: Final = (
    b"\0",
    b"a\0b",
    b"\xff",
    b"\xed\xa0\x80",  # a lone surrogate
    b"\xc0\x80",  # NUL, overlong
    b"%00",
    b"..",
    b" ",
    "\u202eses_\u0661".encode(),
    b"ses_" + b"0" * 26,
    b"pat_" + b"0" * 26,
    b"-1",
    b"9" * 400,
    b"9999-12-31T23:59:59-14:00",
    b"x" * 2000,
)
# Fields of a body, as JSON.
LITERALS: Final = (
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff"',
    '"\\ud800a"',
    '"\U000e0001\U0010ffff"',
    '""',
    '" "',
    '"%00"',
    '"' + "x" * 5000 + '"',
    '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T23:59:59.999999-23:59"',
    '"9999-12-31T23:59:59Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"0001-01-01T00:00:00+23:59"',
    '"2016-12-31T23:59:60Z"',
    '"10000-01-01T00:00:00Z"',
    '"-0001-01-01T00:00:00Z"',
    "0",
    "-1",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 400,
    "1e308",
    "-1e400",
    "0.1",
    "253402300800",
    "true",
    "null",
    "[]",
    "{}",
    "[" * 3000 + "]" * 3000,
    "NaN",
)
ROUTES: Final[list[tuple[str, str, dict[str, object]]]] = [
    (
        "POST",
        "/api/auth/sign-up",
        {
            "email": "grace@example.com",
            "password": PASSWORD,
            "name": "Grace",
            "timezone": "Europe/Berlin",
            "locale": "de-AT",
            "invitation": "x",
        },
    ),
    ("POST", "/api/auth/sign-in", {"email": "grace@example.com", "password": PASSWORD}),
    ("POST", "/api/auth/refresh", {}),
    ("POST", "/api/auth/sign-out", {}),
    ("POST", "/api/auth/sign-out-everywhere", {"revoke_access_tokens": True}),
    ("POST", "/api/auth/exchange", {"token": "x"}),
    ("POST", "/api/auth/sign-in-links", {}),
    ("POST", "/api/auth/sign-in-links/redeem", {"token": "x"}),
    (
        "POST",
        "/api/auth/password",
        {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "revoke_access_tokens": True},
    ),
    ("GET", "/api/auth/me", {}),
    ("PATCH", "/api/auth/me", {"name": "Grace", "timezone": "Europe/Berlin", "locale": "de-AT"}),
    ("DELETE", "/api/auth/me", {"password": PASSWORD}),
    ("GET", "/api/auth/me/export", {}),
    ("GET", "/api/auth/sessions", {}),
    ("DELETE", "/api/auth/sessions/{session_id}", {}),
    ("GET", "/api/auth/tokens", {}),
    (
        "POST",
        "/api/auth/tokens",
        {
            "name": "cron",
            "scopes": ["tasks"],
            "expires_at": "2030-01-01T00:00:00Z",
            "password": PASSWORD,
        },
    ),
    ("DELETE", "/api/auth/tokens/{token_id}", {}),
    ("POST", "/api/chatkit/session", {"user_id": "usr_1"}),
    ("GET", "/.well-known/jwks.json", {}),
    ("POST", VERIFY, {"token": new_access_token()}),
]


def bodies(valid: dict[str, object]) -> Iterator[str]:
    """Yield JSON with one field, one list element or the whole document replaced."""
    yield from LITERALS
    for name, value in valid.items():
        for literal in LITERALS:
            rest = {key: each for key, each in valid.items() if key != name}
            for mutated in (literal, f"[{literal}]") if isinstance(value, list) else (literal,):
                yield json.dumps({**rest, name: "@"}).replace('"@"', mutated)


def test_every_operation_is_attacked(service: Service) -> None:
    documented = {
        (method.upper(), path)
        for path, item in service.app.openapi_schema.to_schema()["paths"].items()
        for method in item
        if path.startswith(("/api/", "/.well-known/"))
    }

    assert documented == {(method, path) for method, path, _ in ROUTES if path != VERIFY}


class Attacker:
    """A signed-in user who sends each request from a new address to avoid throttling."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._login = ""
        self._sent = 0
        self.failed: list[object] = []

    async def send(self, value: object, method: str, url: str, **options: Any) -> None:
        """Send one request; record a 5xx with the value that caused it."""
        self._sent += 1
        browser = self._service.browser(f"10.0.{self._sent // 250}.{self._sent % 250}")
        if not self._login:
            self._login = (await browser.sign_up()).json()["access_token"]
        token = SERVICE_TOKENS.mint(Arrow.TASKS_TO_AUTH, "-") if url == VERIFY else self._login
        headers = {**bearer(token), **options.pop("headers", {})}
        response = await browser.http.request(method, url, headers=headers, **options)
        if response.status_code >= 500:
            self.failed.append((value, response.status_code))
        if response.is_success and url in ENDS_THE_SESSION:
            self._login = ""


@pytest_asyncio.fixture
async def attacker(start_service: StartService) -> Attacker:
    return Attacker(await start_service(better_auth_secret=BETTER_AUTH_SECRET))


async def test_no_path_parameter_causes_a_server_error(attacker: Attacker) -> None:
    for method, path, _ in ROUTES:
        prefix, has_parameter, _ = path.partition("{")
        for value in BYTES if has_parameter else ():
            await attacker.send((path, value), method, prefix + quote(value, safe=""))

    assert attacker.failed == []


@pytest.mark.parametrize("route", [each for each in ROUTES if each[2]], ids=lambda each: each[1])
async def test_no_field_causes_a_server_error(
    attacker: Attacker, route: tuple[str, str, dict[str, object]]
) -> None:
    method, path, body = route
    headers = {"Content-Type": "application/json"}

    for content in bodies(body):
        await attacker.send(content[:200], method, path, content=content, headers=headers)

    assert attacker.failed == []


async def test_no_query_or_header_causes_a_server_error(attacker: Attacker) -> None:
    for value in BYTES:
        await attacker.send(value, "POST", f"/api/auth/refresh?optional={quote(value, safe='')}")
        for name in ("authorization", "cookie", "user-agent", "origin", "host", "x-request-id"):
            header = {name: f"todochat_refresh={value!r}" if name == "cookie" else value}
            body = {"email": "grace@example.com"}
            for route in ("/api/auth/refresh", "/api/auth/sign-in", "/api/chatkit/session"):
                await attacker.send((name, value), "POST", route, json=body, headers=header)

    assert attacker.failed == []


async def test_no_claim_causes_a_server_error(attacker: Attacker) -> None:
    claims = ("iss", "aud", "sub", "exp", "iat", "auth_time", "email", "name")
    for name, literal in itertools.product(("kid", "typ", "alg", *claims), LITERALS):
        header = f'{{"typ": "JWT", "alg": "HS256", "{name}": {literal}}}'
        payload = f'{{"sub": "{new_id("x")}", "exp": 9999999999, "{name}": {literal}}}'
        token = signed(header.encode(), payload.encode())
        value = (name, literal[:200])
        await attacker.send(value, "POST", "/api/auth/exchange", json={"token": token})
        await attacker.send(value, "POST", "/api/chatkit/session", headers=bearer(token))

    assert attacker.failed == []


def signed(header: bytes, payload: bytes) -> str:
    """Return a token with any claims, signed by the attacker's issuer."""
    text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    digest = hmac.digest(BETTER_AUTH_SECRET.encode(), text, "sha256")
    return (text + b"." + urlsafe_b64encode(digest).rstrip(b"=")).decode()
