"""The password policy."""

import pytest

from auth_session.domain.password_rule import check_password, normalize_password

EMAIL = "grace.hopper@navy.example"


def is_accepted(password: str, name: str | None = "Grace Hopper") -> bool:
    try:
        check_password(normalize_password(password), email=EMAIL, name=name)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "password",
    [
        "tulip-96",
        "        spaces are fine        ",
        "correct horse battery staple",
        "пароль длинный",
        "🦀🦀🦀🦀🐙🐙🐙🐙",
        "grace hopper found a moth in relay 70",
        "x1" * 128,
    ],
)
def test_no_composition_is_required(password: str) -> None:
    assert is_accepted(password)


@pytest.mark.parametrize(
    "password",
    [
        "tulip-9",
        "x1" * 128 + "x",
        "password",
        "PASSWORD",
        "12345678",
        "qwertyuiop",
        "zzzzzzzzzzzz",
        "grace.hopper@navy.example",
        "GRACE.HOPPER",
        "grace.hopper12",
        "navy.example",
        "gracehopper",
        "Grace Hopper!",
    ],
)
def test_a_guessable_password_is_refused(password: str) -> None:
    assert not is_accepted(password)


def test_a_short_name_in_a_password_is_accepted() -> None:
    assert is_accepted("alalalal7", name="Al")


def test_composed_and_decomposed_characters_count_once() -> None:
    decomposed = "e\u0301" * 7 + "1"

    assert normalize_password(decomposed) == "é" * 7 + "1"
    assert is_accepted(decomposed, name=None)
    assert not is_accepted("e\u0301" * 6 + "1")
