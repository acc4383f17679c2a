"""Reasoning, harmony channels and citation marks in the text of an answer."""

import pytest
from completion_kit import STOP, Outcome, delta, read_all, say


def split_at(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def read_text(text: str, size: int) -> Outcome:
    return read_all(*say(*split_at(text, size)), STOP)


SIZES = pytest.mark.parametrize("size", [1, 3, 1000])


@SIZES
@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>Which kind?</think>\n\nWhich milk?", "Which kind?", "Which milk?"),
        ("\n <think>\nHm.\n</think>Yes.", "Hm.\n", "Yes."),
        ("<thinking>Hm.</thinking> Yes.", "Hm.", "Yes."),
        ("[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("<reasoning>Hm.</reasoning>Yes.", "Hm.", "Yes."),
        ("<think>Hm.</think>\n<think>Well.</think>\nYes.", "Hm.Well.", "Yes."),
        ("<think>Hm.</think> <thin", "Hm.", "<thin"),
        ("<think></think>Yes.", "", "Yes."),
        ("<think>a < b, </thin or so</think>Yes.", "a < b, </thin or so", "Yes."),
        ("Use <think> for it.</think>", "", "Use <think> for it.</think>"),
        ("`<think>` opens it", "", "`<think>` opens it"),
        ("<think>Hm.</think>It ends with </think> or <think>.", "Hm.",
         "It ends with </think> or <think>."),
        ("<thin", "", "<thin"),
        (("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
         "Yes.<|return|>"), "Hm.", "Yes."),
        (("<|start|>assistant<|channel|>commentary<|message|>Wait.<|end|>"
         "<|start|>assistant<|channel|>final <|constrain|>text<|message|>Yes, a <| b"), "Wait.",
         "Yes, a <| b"),
        ("<|start|>assistant<|message|>Yes.", "", "Yes."),
        ("<|channel|>final<|message|>Yes.<|end|>", "", "Yes."),
        ("Say <|channel|>final<|message|>.", "", "Say <|channel|>final<|message|>."),
    ],
)  # fmt: skip
def test_thought_and_answer(text: str, thought: str, answer: str, size: int) -> None:
    outcome = read_text(text, size)

    assert (outcome.thought, outcome.text) == (thought, answer)
    assert outcome.final_text == answer


@SIZES
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes.<|im_end|>", "Yes."),
        ("Yes.\n<|eot_id|>\n<|im_end|>\n", "Yes.\n"),
        ("<think>Hm.</think>Yes.<end_of_turn>", "Yes."),
        ("It ends with <|im_end|>.", "It ends with <|im_end|>."),
        ("<|im_end|> ends it", "<|im_end|> ends it"),
        ("a <", "a <"),
        ("a <b and <|im", "a <b and <|im"),
        ("<s>old</s>", "<s>old</s>"),
    ],
)
def test_stop_tokens_at_the_end(text: str, answer: str, size: int) -> None:
    outcome = read_text(text, size)

    assert outcome.text == outcome.final_text == answer


@SIZES
def test_thought_that_is_never_closed(size: int) -> None:
    outcome = read_text("<think>I should answer politely.", size)

    assert outcome.thought == "I should answer politely."
    assert [item.type for item in outcome.items] == ["reasoning"]


@SIZES
def test_harmony_call(size: int) -> None:
    outcome = read_text(
        "<|channel|>analysis<|message|>Book.<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.list_rooms <|constrain|>json<|message|>{"a": 1}<|call|>',
        size,
    )

    assert outcome.calls == [("list_rooms", "{}")]
    assert (outcome.thought, outcome.text) == ("Book.", "")


def test_endless_harmony_header_is_text() -> None:
    text = "<|start|>" + "x" * 600

    assert read_text(text, 50).text == text


def test_thought_whose_opening_is_in_the_prompt() -> None:
    outcome = read_text("Which kind?\n</think>\n\nWhich milk?", 3)

    assert outcome.final_text == "Which milk?"


@pytest.mark.parametrize(
    "text",
    [
        "Close it with </think> then.",
        "```\n<think>\nHm.\n</think>\n```",
        "Start with <think>, then\n</think>\nand more.",
        "Only a thought.\n</think>\n",
    ],
)
def test_answer_about_tags(text: str) -> None:
    assert read_text(text, 4).final_text == text


@SIZES
@pytest.mark.parametrize(
    "mark",
    ["【4:0†source】", "【12†prices.pdf】", "【4:0†L1-L9】", "[3:1†source]", "\ue200filecite\ue202turn4file0\ue201",
     "\ue200cite\ue202turn0search1\ue202turn0search2\ue201"],
)  # fmt: skip
def test_citation_marks_are_dropped(mark: str, size: int) -> None:
    outcome = read_text(f"Milk is cheap{mark}, until{mark} Friday{mark}.", size)

    assert outcome.text == outcome.final_text == "Milk is cheap, until Friday."


@pytest.mark.parametrize("size", [1000, 4])
def test_space_around_a_mark(size: int) -> None:
    assert read_text("Milk 【1†a】 is", size).text == "Milk is"


@SIZES
@pytest.mark.parametrize(
    "text",
    [
        "【重要】牛乳", "an [1] and [a link](b) and [12:3] and [", "【open", "† alone", "\ue0b0 symbol \uf00c",
        "[1]: https://a.example\n[2]", "【two\nlines†】", "array[0", "\ue201 \ue202",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mark_is_kept(text: str, size: int) -> None:
    assert read_text(text, size).final_text == text


@pytest.mark.parametrize("text", ["Milk \ue200filecite\ue202turn4", "Milk 【4:0†sour"])
def test_mark_that_is_cut_off(text: str) -> None:
    assert read_text(text, 3).final_text.rstrip() == "Milk"


@pytest.mark.parametrize(
    ("chunks", "thought"),
    [
        ([delta(reasoning_content="Hm, "), delta(reasoning_content="milk.")], "Hm, milk."),
        ([delta(reasoning="Hm, "), delta(content="", reasoning="milk.")], "Hm, milk."),
        ([delta(reasoning="Hm.", reasoning_content="Hm.")], "Hm."),
        ([delta(reasoning={"content": "Hm."})], "Hm."),
        ([delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}])],
         "Hm."),
        ([delta(reasoning_details=[{"type": "reasoning.text", "text": "Hm."}])], "Hm."),
        ([delta(reasoning="Hm.", reasoning_details=[{"type": "reasoning.text", "text": "Hm."}])],
         "Hm."),
        ([delta(reasoning_content=b"\\ud83d".decode("unicode_escape")),
          delta(reasoning_content=b"\\udd5b".decode("unicode_escape"))], "\U0001f55b"),
        ([delta(reasoning_content="\n")], ""),
    ],
)  # fmt: skip
def test_reasoning_fields(chunks: list[object], thought: str) -> None:
    outcome = read_all(*chunks, *say("Yes."), STOP)

    assert (outcome.thought, outcome.text) == (thought, "Yes.")
    kinds = ["reasoning", "message"] if thought else ["message"]
    assert [item.type for item in outcome.items] == kinds


def test_reasoning_between_text_divides_it() -> None:
    outcome = read_all(*say("First. "), delta(reasoning_content="Hm."), *say("Second."), STOP)

    assert [item.type for item in outcome.items] == ["message", "reasoning", "message"]
    assert outcome.text == outcome.final_text == "First. Second."


def test_white_space_as_reasoning_divides_nothing() -> None:
    outcome = read_all(*say("One "), delta(reasoning_content=" "), *say("answer."), STOP)

    assert [item.type for item in outcome.items] == ["message"]
