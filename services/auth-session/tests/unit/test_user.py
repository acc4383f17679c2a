"""E-mail addresses, names, time zones and locales."""

import pytest

from auth_session.domain.user import parse_email, parse_locale, parse_name, parse_timezone


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("grace@example.com", "grace@example.com", "grace@example.com"),
        (" Grace.Hopper@EXAMPLE.com ", "Grace.Hopper@example.com", "grace.hopper@example.com"),
        ("grace+todo@example.com", "grace+todo@example.com", "grace+todo@example.com"),
        ("jürgen@bücher.example", "jürgen@bücher.example", "jürgen@bücher.example"),
        ("grace@home.local", "grace@home.local", "grace@home.local"),
        ("grace@ci.test", "grace@ci.test", "grace@ci.test"),
    ],
)
def test_an_address_is_shown_as_typed_and_compared_by_its_key(
    text: str, address: str, key: str
) -> None:
    email = parse_email(text)

    assert (email.address, email.key) == (address, key)


@pytest.mark.parametrize(
    "text", ["", "grace", "grace@", "@example.com", "a b@example.com", "grace@localhost", "a@b..c"]
)
def test_an_invalid_address_is_refused_with_a_readable_message(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_email(text)


@pytest.mark.parametrize(
    ("text", "name"), [("Grace", "Grace"), ("  Grace  ", "Grace"), ("   ", None), (None, None)]
)
def test_surrounding_white_space_of_a_name_is_removed(text: str | None, name: str | None) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize("text", ["Gra\u0000ce", "Gra\nce", "Gra\u009fce", "n" * 101])
def test_an_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="The name"):
        parse_name(text)


@pytest.mark.parametrize("text", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", None])
def test_a_time_zone_of_the_database_is_accepted(text: str | None) -> None:
    assert parse_timezone(text) == text


@pytest.mark.parametrize("text", ["", "europe/berlin", "../UTC", "UTC\u0000", "localtime", "+02"])
def test_an_unknown_time_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_timezone(text)


@pytest.mark.parametrize(
    "text", ["en", "de-AT", "zh-Hant-TW", "sr-Latn-RS", "en-u-ca-gregory", None]
)
def test_a_language_tag_is_accepted(text: str | None) -> None:
    assert parse_locale(text) == text


@pytest.mark.parametrize("text", ["", "e", "english", "en_US", "en-", "en\n", "de-AT-" + "x" * 40])
def test_an_invalid_locale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="language tag"):
        parse_locale(text)
