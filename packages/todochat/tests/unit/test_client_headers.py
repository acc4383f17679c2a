"""Headers of the client that are forwarded to todo-agent."""

import pytest

from todochat.contracts.client_headers import (
    CLIENT_HEADERS,
    MAX_CLIENT_HEADER_BYTES,
    decode_client_headers,
    encode_client_headers,
    parse_forwarded_names,
)
from todochat.settings import SettingsError


def test_names_are_lower_case_and_listed_once() -> None:
    assert parse_forwarded_names("S", " X-Tenant,x-plan,, X-TENANT ") == ("x-tenant", "x-plan")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Authorization", "credentials"),
        ("cookie", "credentials"),
        ("Transfer-Encoding", "single connection"),
        ("Proxy-Authorization", "single connection"),
        ("X-Run-Id", "reserved"),
        ("Idempotency-Key", "reserved"),
        (CLIENT_HEADERS, "reserved"),
        ("X Tenant", "not the name of a header"),
        ("X-Ténant", "not the name of a header"),
    ],
)
def test_header_that_must_not_be_forwarded_is_refused_by_name(name: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"^setting S: {name.lower()} .*{reason}"):
        parse_forwarded_names("S", f"X-Tenant,{name}")


def test_any_value_survives_the_way_to_todo_agent() -> None:
    headers = {"x-tenant": 'caf\u00e9 "1", \\2', "x-empty": ""}

    encoded = encode_client_headers(headers)

    assert encoded.isascii()
    assert decode_client_headers(encoded) == headers


@pytest.mark.parametrize(
    "value",
    ["", "[]", '{"a":1}', '{"a":"\\u0000"}', '{"a\\r":""}', '{"a":"\\ud800"}'],
    ids=["empty", "array", "number", "nul", "newline", "surrogate"],
)
def test_malformed_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_client_headers(value)


def test_header_over_the_limit_is_refused() -> None:
    largest = encode_client_headers({"a": "x" * (MAX_CLIENT_HEADER_BYTES - 8)})
    assert len(largest) == MAX_CLIENT_HEADER_BYTES
    assert decode_client_headers(largest)

    with pytest.raises(ValueError, match="more than 4096"):
        decode_client_headers(largest + " ")
