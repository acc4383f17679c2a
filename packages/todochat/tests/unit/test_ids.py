import pytest
from hypothesis import given
from hypothesis import strategies as st

from todochat.ids import derived_id, is_id, is_user_id, new_id


def test_new_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_id("run") for _ in range(2000)]

    assert len(set(ids)) == 2000
    assert ids == sorted(ids)
    assert all(len(run_id) == len("run_") + 26 for run_id in ids)


@given(st.lists(st.one_of(st.text(max_size=20), st.integers()), min_size=1, max_size=4))
def test_derived_id_depends_only_on_its_parts(parts: list[str | int]) -> None:
    assert derived_id("msg", *parts) == derived_id("msg", *parts)
    assert derived_id("msg", *parts) != derived_id("msg", *parts, 1)
    assert is_user_id(derived_id("usr", *parts))


@pytest.mark.parametrize("text", ["usr_01jd", "auth0|abc", "a@b.c", "x" * 128, "user:1.2-3"])
def test_valid_user_ids(text: str) -> None:
    assert is_user_id(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "auth", "chatkit", "x" * 129, "a/b", "a b", "é", "a%2Fb", "a\n"]
)
def test_invalid_user_ids(text: str) -> None:
    assert not is_user_id(text)


@pytest.mark.parametrize("id_", [new_id("ses"), derived_id("ses", "a")], ids=["new", "derived"])
def test_new_ids_match_their_prefix(id_: str) -> None:
    assert is_id(id_, "ses")
    assert not is_id(id_, "pat")


@pytest.mark.parametrize(
    "text",
    ["", "ses_", "\0", "ses_" + "0" * 25, "ses_" + "0" * 25 + "\0", "ses_" + "0" * 26 + "\n"],
)
def test_other_text_is_no_id(text: str) -> None:
    assert not is_id(text, "ses")
