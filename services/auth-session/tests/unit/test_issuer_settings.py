"""External issuers as an operator writes them down."""

import json
from pathlib import Path

import pytest

from auth_session.issuer_settings import ExternalIssuer, parse_issuers
from todochat.settings import SettingsError

SECRET = "b9d27f60c1e84f35a2d7e6509b81c3f4"
KEYS = {
    "issuer": "https://id.example",
    "audience": "todo",
    "jwks_url": "https://id.example/jwks",
}
SHARED = {"issuer": "https://app.example", "secret": SECRET}


def parse(*entries: object, better_auth_secret: str = "", url: str = "") -> list[ExternalIssuer]:
    return parse_issuers(
        json.dumps(entries) if entries else "",
        better_auth_secret=better_auth_secret,
        better_auth_url=url,
        own_issuer="todochat",
    )


def test_an_issuer_with_keys_is_given_the_usual_algorithms() -> None:
    (issuer,) = parse(KEYS)

    assert issuer.algorithms == ("RS256", "ES256", "EdDSA")
    assert (issuer.issuer, issuer.realm) == ("https://id.example",) * 2


def test_an_issuer_with_a_secret_signs_with_hs256_only() -> None:
    (issuer,) = parse(SHARED)

    assert tuple(issuer.algorithms) == ("HS256",)
    assert issuer.audience is None


def test_better_auths_secret_is_an_entry_without_issuer() -> None:
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
        ({**KEYS, "secret": SECRET}, "entry 1: exactly one of jwks_url and secret"),
        ({"issuer": "https://a.example"}, "entry 1: exactly one of jwks_url and secret"),
        ({**KEYS, "audience": ""}, "entry 1: audience is needed"),
        ({**KEYS, "jwks_url": "http://id.example/jwks"}, "entry 1: jwks_url has to be an https"),
        ({**KEYS, "jwks_url": "file:///etc/passwd"}, "entry 1: jwks_url has to be an https"),
        ({**KEYS, "algorithms": ["HS256"]}, "entry 1: algorithms can be RS256"),
        ({**KEYS, "algorithms": ["none"]}, "entry 1: algorithms can be RS256"),
        ({**SHARED, "algorithms": ["RS256"]}, "entry 1: algorithms can be HS256"),
        ({**SHARED, "secret": "x" * 31}, "entry 1: a secret needs at least 32 bytes"),
        ({**KEYS, "prefix": "a/b"}, "entry 1: prefix has at most 32"),
        ({**KEYS, "issuer": "todochat"}, "the issuer 'todochat' is this installation's own"),
        ({**KEYS, "issuer": "local"}, "the issuer 'local' is this installation's own"),
        ({**KEYS, "isuer": "typo"}, "Object contains unknown field `isuer`"),
        ({"audience": "todo"}, "Object missing required field `issuer`"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_in_one_line(
    entry: dict[str, object], reason: str
) -> None:
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
def test_a_secret_that_stands_in_everybodys_documentation_stops_the_start(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(better_auth_secret=secret)

    assert str(caught.value).startswith("setting BETTER_AUTH_SECRET: this secret is a sample")


def test_a_short_secret_stops_the_start() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(better_auth_secret="your-auth-secret")

    assert str(caught.value) == "setting BETTER_AUTH_SECRET: a secret needs at least 32 bytes"


@pytest.mark.parametrize("secret", [SECRET, "kX9/Zq3vB7+tR2mW8yL5nC1dF6gH4jP0sA==", "f" + SECRET])
def test_a_random_secret_is_taken(secret: str) -> None:
    assert parse(better_auth_secret=secret)[0].secret == secret


def test_two_entries_of_one_issuer_are_refused() -> None:
    with pytest.raises(SettingsError, match="has two entries"):
        parse(KEYS, {**KEYS, "prefix": "x"})


def test_two_issuers_need_different_prefixes() -> None:
    with pytest.raises(SettingsError, match="need different prefixes"):
        parse(KEYS, better_auth_secret=SECRET)

    assert len(parse({**KEYS, "prefix": "id|"}, better_auth_secret=SECRET)) == 2


@pytest.mark.parametrize("text", ["/no/such/file", "[", "[1]", '{"issuer": "x"}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="setting AUTH_EXTERNAL_ISSUERS: "):
        parse_issuers(text, better_auth_secret="", better_auth_url="", own_issuer="todochat")


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(parse(SHARED))
