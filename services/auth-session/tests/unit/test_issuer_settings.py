"""Parsing and checking the settings of external issuers."""

import hashlib
import itertools
import json
import re
from pathlib import Path

import pytest

from auth_session import issuer_settings
from auth_session.issuer_settings import ExternalIssuer, parse_issuers
from todochat.settings import SettingsError

SECRET = "b9d27f60c1e84f35a2d7e6509b81c3f4"
KEYS = {
    "issuer": "https://id.example",
    "audience": "todo",
    "jwks_url": "https://id.example/jwks",
}
SHARED = {"issuer": "https://app.example", "secret": SECRET}
DIGESTS = [f"sha256:{hashlib.sha256(SECRET.encode()).hexdigest()}"]
BACKEND = {"issuer": "shop", "backend_tokens": DIGESTS}


def parse(
    *entries: object, better_auth_secret: str = "", url: str = "", prefix: str = ""
) -> list[ExternalIssuer]:
    return parse_issuers(
        json.dumps(entries) if entries else "",
        better_auth_secret=better_auth_secret,
        better_auth_url=url,
        better_auth_prefix=prefix,
        own_issuer="todochat",
    )


def test_an_issuer_with_keys_has_default_algorithms() -> None:
    (issuer,) = parse(KEYS)

    assert issuer.algorithms == ("RS256", "ES256", "EdDSA")
    assert (issuer.issuer, issuer.realm) == ("https://id.example",) * 2


def test_an_issuer_with_a_secret_only_uses_hs256() -> None:
    (issuer,) = parse(SHARED)

    assert tuple(issuer.algorithms) == ("HS256",)
    assert issuer.audience is None


def test_an_issuer_can_have_only_a_back_end() -> None:
    (issuer,) = parse(BACKEND)

    assert (issuer.algorithms, issuer.realm) == ((), "shop")
    assert issuer.backend_digests == [hashlib.sha256(SECRET.encode()).digest()]


def test_better_auths_secret_adds_an_entry_without_issuer() -> None:
    (issuer,) = parse(better_auth_secret=SECRET)

    assert (issuer.issuer, issuer.audience, issuer.prefix) == (None, None, "")


def test_entries_can_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps([KEYS]))

    (issuer,) = parse_issuers(
        str(path), better_auth_secret="", better_auth_url="", own_issuer="todochat"
    )

    assert issuer.issuer == "https://id.example"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({**KEYS, "secret": SECRET}, "entry 1: set exactly one of jwks_url and secret"),
        ({"issuer": "https://a.example"}, "entry 1: set exactly one of jwks_url and secret"),
        ({**BACKEND, "backend_tokens": [SECRET * 2]}, "entry 1: backend_tokens must be `sha256:`"),
        ({**BACKEND, "algorithms": ["HS256"]}, "entry 1: algorithms must be among none, without"),
        ({**BACKEND, "backend_tokens": DIGESTS * 2}, "a backend token is listed twice"),
        ({**KEYS, "audience": ""}, "entry 1: audience is required"),
        ({**KEYS, "jwks_url": "http://id.example/jwks"}, "entry 1: jwks_url must be an https"),
        ({**KEYS, "jwks_url": "file:///etc/passwd"}, "entry 1: jwks_url must be an https"),
        ({**KEYS, "algorithms": ["HS256"]}, "entry 1: algorithms must be among RS256"),
        ({**KEYS, "algorithms": ["none"]}, "entry 1: algorithms must be among RS256"),
        ({**SHARED, "algorithms": ["RS256"]}, "entry 1: algorithms must be among HS256"),
        ({**SHARED, "secret": "x" * 31}, "entry 1: a secret must have at least 32 bytes"),
        ({**KEYS, "prefix": "a/b"}, "entry 1: prefix must have at most 32"),
        ({**KEYS, "issuer": "todochat"}, "the issuer 'todochat' is this installation's own"),
        ({**KEYS, "issuer": "local"}, "the issuer 'local' is this installation's own"),
        ({**KEYS, "isuer": "typo"}, "Object contains unknown field `isuer`"),
        ({"audience": "todo"}, "Object missing required field `issuer`"),
    ],
)
def test_an_invalid_entry_is_named_in_one_line(entry: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(entry)

    line = str(caught.value)
    assert line.startswith("setting AUTH_EXTERNAL_ISSUERS: ")
    assert reason in line
    assert "\n" not in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "secret",
    [
        "better-auth-secret-12345678901234567890",
        "your-super-secret-key-at-least-32-characters-long",
        "change-me-in-production-please-change-me",
        "a-string-secret-at-least-256-bits-long",
        "x" * 40,
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
    ],
)
def test_a_sample_secret_prevents_the_start(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(better_auth_secret=secret)

    assert str(caught.value).startswith(
        "setting BETTER_AUTH_SECRET: this secret is a well-known sample"
    )


@pytest.mark.parametrize(
    "text",
    ["changeme", "1234567890", "password", "development", "your-super-secret", "in-this-token"],
)
def test_the_sample_check_takes_linear_time(text: str) -> None:
    # A backtracking match would take longer than a lifetime for each of these.
    secret = text * 2000 + "!x9Q"

    assert parse(better_auth_secret=secret)[0].secret == secret


def test_the_sample_check_matches_its_reference_pattern() -> None:
    pattern = re.compile(f"(?:my|your|a)?(?:{'|'.join(issuer_settings._SAMPLE_WORDS)})*")
    pieces = ["a", "my", "your", "x", "change", "me", "1234567890", "123456789", "devel", "opment"]

    for text in map("".join, itertools.product(pieces, repeat=4)):
        expected = pattern.fullmatch(text) is not None
        assert issuer_settings._is_made_of_sample_words(text) is expected, text


def test_a_short_secret_prevents_the_start() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(better_auth_secret="your-auth-secret")

    assert str(caught.value) == "setting BETTER_AUTH_SECRET: a secret must have at least 32 bytes"


@pytest.mark.parametrize("secret", [SECRET, "kX9/Zq3vB7+tR2mW8yL5nC1dF6gH4jP0sA==", "f" + SECRET])
def test_a_random_secret_is_accepted(secret: str) -> None:
    assert parse(better_auth_secret=secret)[0].secret == secret


def test_two_entries_of_one_issuer_are_refused() -> None:
    with pytest.raises(SettingsError, match="has two entries"):
        parse(KEYS, {**KEYS, "prefix": "x"})


@pytest.mark.parametrize(
    ("one", "other"),
    [("", ""), ("", "id|"), ("id|", ""), ("id|", "id|"), ("id|", "id|x"), ("id", "id|")],
)
@pytest.mark.parametrize("is_better_auth", [False, True])
def test_two_issuers_with_overlapping_prefixes_are_refused(
    one: str, other: str, is_better_auth: bool
) -> None:
    entries = [{**KEYS, "prefix": one}]
    if not is_better_auth:
        entries.append({**SHARED, "prefix": other})

    with pytest.raises(SettingsError, match="need different prefixes") as caught:
        parse(*entries, better_auth_secret=SECRET * is_better_auth, prefix=other)

    assert "\n" not in str(caught.value)
    assert ("BETTER_AUTH_PREFIX" in str(caught.value)) is is_better_auth


def test_issuers_with_distinct_prefixes_are_accepted() -> None:
    issuers = parse(
        {**KEYS, "prefix": "id|"},
        {**SHARED, "prefix": "app|"},
        better_auth_secret=SECRET,
        url="https://better.example",
        prefix="better|",
    )

    # Better Auth's two entries share their users, so they share a prefix.
    assert [issuer.prefix for issuer in issuers] == ["better|", "better|", "id|", "app|"]


@pytest.mark.parametrize("prefix", ["u", "usr", "usr_", "USR_", "Usr_x", "usr_01jd"])
def test_the_prefix_of_local_ids_prevents_the_start(prefix: str) -> None:
    reason = f"prefix '{prefix}' overlaps with 'usr_', the prefix of local accounts"
    with pytest.raises(SettingsError) as entry:
        parse({**KEYS, "prefix": prefix})
    with pytest.raises(SettingsError) as better_auth:
        parse(better_auth_secret=SECRET, prefix=prefix)

    assert str(entry.value) == f"setting AUTH_EXTERNAL_ISSUERS: entry 1: {reason}"
    assert str(better_auth.value) == f"setting BETTER_AUTH_PREFIX: {reason}"


@pytest.mark.parametrize("text", ["/no/such/file", "[", "[1]", '{"issuer": "x"}'])
def test_text_other_than_a_list_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="setting AUTH_EXTERNAL_ISSUERS: "):
        parse_issuers(text, better_auth_secret="", better_auth_url="", own_issuer="todochat")


def test_repr_hides_the_secret() -> None:
    assert SECRET not in repr(parse(SHARED))
