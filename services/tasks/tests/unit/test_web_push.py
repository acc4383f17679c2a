"""Web Push messages: the example of the standard, and which endpoints a user may name."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from push_kit import decode, encode

from tasks_service.clients.public_resolver import is_public
from tasks_service.clients.push_client import parse_retry_after
from tasks_service.domain.delivery import push_topic, retry_delay
from tasks_service.domain.web_push import check_device_keys, check_endpoint, encrypt
from todochat.errors import InvalidInputError

# RFC 8291, appendix A
DEVICE_KEY = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
    "lcy4a-fN"
)
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


def test_example_of_the_standard() -> None:
    sender = ec.derive_private_key(int.from_bytes(decode(SENDER), "big"), ec.SECP256R1())

    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        decode(DEVICE_KEY),
        decode(AUTH),
        salt=decode(SALT),
        sender=sender,
    )

    assert encode(body) == BODY


def test_message_that_no_push_service_accepts_is_rejected() -> None:
    encrypt(bytes(3_993), decode(DEVICE_KEY), decode(AUTH))

    with pytest.raises(ValueError, match="longer than 4096 bytes"):
        encrypt(bytes(3_994), decode(DEVICE_KEY), decode(AUTH))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x",
        "https://push.example:8443/x",
        "https://user@push.example/x",
        "https:///x",
        "https://push.example:port/x",
        "https://push.example\\@10.0.0.1/x",
        "https://push.example/\n",
        "https://push.example/ä",
        "ftp://push.example/x",
        f"https://push.example/{'x' * 2000}",
    ],
)
def test_endpoint_must_be_that_of_a_push_service(endpoint: str) -> None:
    with pytest.raises(InvalidInputError):
        check_endpoint(endpoint, allow_private=False)


@pytest.mark.parametrize("endpoint", ["https://push.example/x?a=b", "https://push.example:443/x"])
def test_endpoint_of_a_push_service(endpoint: str) -> None:
    check_endpoint(endpoint, allow_private=False)


@pytest.mark.parametrize(
    ("public_key", "auth"),
    [
        (DEVICE_KEY[:-4], AUTH),
        (encode(b"\4" + bytes(64)), AUTH),  # no point of the curve
        ("not base64url!", AUTH),
        (DEVICE_KEY, encode(bytes(15))),
        (DEVICE_KEY, "ä"),
    ],
)
def test_malformed_keys_are_rejected(public_key: str, auth: str) -> None:
    with pytest.raises(InvalidInputError):
        check_device_keys(public_key, auth)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_address_that_leads_into_a_private_network(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", 3600),
        ("Tue, 01 Dec 2026 12:00:30 GMT", 30),
        ("Tue, 01 Dec 2026 11:00:00 GMT", 0),
        ("Tue, 01 Dec 2026 23:00:00 -0000", 3600),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    expected = None if seconds is None else dt.timedelta(seconds=seconds)

    assert parse_retry_after(value, NOW) == expected


def test_pauses_between_attempts_grow_to_an_hour() -> None:
    pauses = [retry_delay(attempts, None).total_seconds() for attempts in range(1, 11)]

    assert all(
        shortest <= pause <= 1.2 * shortest
        for shortest, pause in zip(
            [10, 30, 90, 270, 810, 2430, 3600, 3600, 3600, 3600], pauses, strict=True
        )
    )
    assert retry_delay(1, dt.timedelta(minutes=5)) == dt.timedelta(minutes=5)


def test_topic_has_the_allowed_form_and_hides_the_reminder() -> None:
    topic = push_topic("rem_1")

    assert len(topic) == 32
    assert len(decode(topic)) == 24
    assert topic != push_topic("rem_2")
