"""The user in the claims of an external issuer."""

import pytest

from auth_session.domain.external_user import ExternalUser, read_external_user


def read(claims: dict[str, object], user_claim: str = "", prefix: str = "") -> ExternalUser:
    return read_external_user(claims, realm="realm", user_claim=user_claim, prefix=prefix)


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({"sub": "ada"}, "ada"),
        ({"id": "ada"}, "ada"),
        ({"sub": "ada", "id": "other", "user_id": "third"}, "ada"),
        ({"sub": 42}, "42"),
        ({"sub": 0}, "0"),
    ],
)
def test_sub_or_id_is_the_user(claims: dict[str, object], subject: str) -> None:
    assert read(claims).subject == subject


@pytest.mark.parametrize("user_claim", ["", "user_id"])
def test_a_token_with_only_user_id_is_refused_for_every_user_claim(user_claim: str) -> None:
    with pytest.raises(ValueError, match="not a login token"):
        read({"user_id": "ada", "jti": "x"}, user_claim)


@pytest.mark.parametrize("value", [None, "", True, False, 1.0, [], {}])
def test_an_invalid_subject_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="names no user"):
        read({"sub": value})


@pytest.mark.parametrize(
    ("prefix", "subject"),
    [("", "usr_1"), ("", "USR_1"), ("x|", "usr_1"), ("u", "sr_1"), ("", "a/b"), ("", "..")],
)
def test_an_id_with_the_prefix_of_local_ids_is_refused(prefix: str, subject: str) -> None:
    with pytest.raises(ValueError, match="can't be used here"):
        read({"sub": subject}, prefix=prefix)


def test_the_prefix_is_part_of_the_id_and_not_of_the_subject() -> None:
    user = read({"sub": "ada"}, prefix="example|")

    assert (user.user_id, user.subject) == ("example|ada", "ada")
