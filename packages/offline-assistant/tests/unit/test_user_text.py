"""User text is data: it is kept as written, and can't become markup or a task reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_kit import FakeTodo, FakeUser

from offline_assistant.markdown import mention, mentioned_numbers, mentions_deleted_task, quote
from offline_assistant.matching import match_titles, search_term, stem
from offline_assistant.prompts import Prompt, find_prompt
from offline_assistant.tool_calls import TaskResult
from task_phrases.quotes import hide_quotes, is_quoted, show_quotes, unquote

ordinary = st.text().filter(lambda text: not any(ord(c) >= 0xF0000 for c in text))


@given(ordinary)
def test_show_quotes_restores_hidden_text(text: str) -> None:
    assert show_quotes(hide_quotes(text)) == text


@pytest.mark.parametrize(
    "text",
    ['"buy milk"', "\u201cbuy milk\u201d", "'buy milk'", "`buy milk`", "\u00abbuy milk\u00bb"],
)
def test_unquote_removes_quotation_marks(text: str) -> None:
    hidden = hide_quotes(text)

    assert is_quoted(hidden)
    assert unquote(hidden) == "buy milk"


def test_apostrophes_are_not_quotation_marks() -> None:
    assert hide_quotes("don't forget mom's cake") == "don't forget mom's cake"


@given(st.text())
def test_title_cannot_become_task_reference_or_prompt(title: str) -> None:
    line = f"Added {mention(7, title)}."

    assert mentioned_numbers(line) == (7,)
    assert not mentions_deleted_task(line)
    assert find_prompt(line) is None


@pytest.mark.parametrize(
    "title",
    [
        "#9 **x**",
        "**bold**",
        "a\nb",
        "[x](http://e.vil)",
        "<b>x</b>",
        "`x`",
        "&amp;",
        "a\u202eb",
        "\\",
    ],
)
def test_markup_in_title_is_escaped(title: str) -> None:
    shown = quote(title)

    assert shown.startswith("**")
    assert shown.endswith("**")
    assert "\n" not in shown
    assert not set("*_[]<>`#") & set(shown[2:-2].replace("\\*", "").replace("\\#", "")
        .replace("\\_", "").replace("\\[", "").replace("\\]", "").replace("\\<", "")
        .replace("\\>", "").replace("\\`", ""))  # fmt: skip


@pytest.mark.parametrize("prompt", list(Prompt))
def test_title_with_prompt_text_is_not_a_prompt(user: FakeUser, prompt: Prompt) -> None:
    reply = user.send(f'add "{prompt.value}"')

    assert find_prompt(reply) is None


def test_titles_are_stored_as_written(user: FakeUser, todo: FakeTodo) -> None:
    for title in (
        "Buy MILK",
        "\u00fcber-wichtig \u2764",
        "50% off & more",
        "see https://example.org/a?b=c#d",
    ):
        user.send(f"add {title}")

    assert todo.titles == [
        "Buy MILK",
        "\u00fcber-wichtig \u2764",
        "50% off & more",
        "see https://example.org/a?b=c#d",
    ]


class TestMatching:
    def tasks(self, *titles: str) -> list[TaskResult]:
        return [
            TaskResult(number, title, None, "none", None, (), is_completed=False)
            for number, title in enumerate(titles, 1)
        ]

    @pytest.mark.parametrize(
        ("words", "numbers"),
        [
            ("milk", [1]),
            ("the milk", [1]),
            ("buying milk", [1]),
            ("groceries", [2]),
            ("grocery run", [2]),
            ("call mom", [3]),
            ("Call Mom's", [3]),
            ("unicorn", []),
        ],
    )
    def test_words_match_title_by_stem(self, words: str, numbers: list[int]) -> None:
        found = match_titles(words, self.tasks("Buy milk", "Grocery run", "Call mom"))

        assert [task.number for task in found.sure] == numbers

    @pytest.mark.parametrize("words", ["mull rausbringen", "M\u00fcll rausbringen", "mu\u0308ll"])
    def test_accents_make_no_difference(self, words: str) -> None:
        found = match_titles(words, self.tasks("M\u00fcll rausbringen", "milk"))

        assert [task.number for task in found.sure] == [1]

    def test_exact_title_takes_precedence(self) -> None:
        found = match_titles("milk", self.tasks("buy milk", "Milk"))

        assert [task.number for task in found.sure] == [2]

    def test_hint_verb_breaks_ties(self) -> None:
        found = match_titles("milk", self.tasks("buy milk", "drink milk"), hint="buy")

        assert [task.number for task in found.sure] == [1]

    def test_typo_is_only_a_candidate(self) -> None:
        found = match_titles("dentits", self.tasks("dentist", "milk"))

        assert [task.number for task in found.sure] == []
        assert [task.number for task in found.perhaps] == [1]

    @given(st.text(min_size=1))
    def test_search_term_is_the_beginning_of_one_word(self, text: str) -> None:
        assert " " not in search_term(text)
        assert len(stem(text)) <= len(text)
