"""The form of personal access tokens."""

import pytest

from todochat.identity.access_tokens import (
    PREFIX,
    is_well_formed,
    looks_like_access_token,
    new_access_token,
)


def test_new_tokens_are_well_formed_and_unique() -> None:
    first, second = new_access_token(), new_access_token()

    assert first != second
    assert looks_like_access_token(first)
    assert is_well_formed(first)


def test_token_with_one_wrong_character_is_malformed() -> None:
    token = new_access_token()

    for place in range(len(token)):
        wrong = "b" if token[place] == "a" else "a"
        assert not is_well_formed(token[:place] + wrong + token[place + 1 :])


@pytest.mark.parametrize("token", ["", PREFIX, "eyJ.a.b", PREFIX + "a" * 46, PREFIX + "ä" * 46])
def test_other_text_is_malformed(token: str) -> None:
    assert not is_well_formed(token)
