"""Chat completions as the SDK gets them, however the bytes of a stream arrive."""

from typing import Any

import pytest
from completion_kit import STOP, decode, delta, read, read_all, say, stream
from openai.types.responses import Response

from model_client.chat_stream import ChatStream
from model_client.errors import (
    ModelBrokenOffError,
    ModelBusyError,
    ModelReportedError,
    ModelServerError,
    ModelUnreachableError,
)

RATE_LIMIT = {"message": "Rate limit reached for tokens per minute", "type": "tokens"}


@pytest.mark.parametrize(
    "chunks",
    [
        [*say("Good ", "day."), STOP],
        [delta(role="assistant", content=""), *say("Good ", None, "day."), STOP],
        [*say("Good "), delta("stop", content="day.")],
        [delta(role="assistant", content=text) for text in ("Good ", "day.")] + [STOP],
        [*say([{"type": "text", "text": "Good "}], {"type": "text", "text": "day."}), STOP],
        [*say(["Good ", {"type": "output_text", "text": "day."}]), STOP],
        [{"choices": []}, *say("Good "), {"choices": None}, *say("day."), STOP, {"usage": None}],
        [{"type": "ping"}, *say("Good day."), {"object": "chat.completion.chunk"}, STOP],
        [{"type": ["ping"]}, *say([{"type": ["text"], "text": "Good day."}]), STOP],
        [*say("Good day."), {"choices": [{"finish_reason": "stop"}]}],
        [*say("Good day."), {"choices": [{"delta": None, "finish_reason": "end_turn"}]}],
        [delta("", content="Good "), delta("", content="day."), STOP],
        [b"heartbeat", *say("Good day."), b": 12", STOP],
        [{"choices": [{"delta": {"content": "Good day."}}]}, STOP],
        [{"choices": [{"message": {"content": "Good day."}, "finish_reason": "stop"}]}],
        [*say("Good day."), {"choices": [{"message": {"content": "Good day."}}]}, STOP],
        [*say("Good day."), STOP, b"[done] ", *say(" More.")],
        [b'{"choices": [{"delta": {"content": "Good day."}, "logprob": NaN}]}', STOP],
        [b"[%b]" % stream(*say("Good day."), end=b"")[6:-2], STOP],
    ],
)
def test_one_answer(chunks: list[Any]) -> None:
    outcome = read_all(*chunks)

    assert outcome.error is None
    assert outcome.text == outcome.final_text == "Good day."
    assert [item.type for item in outcome.items] == ["message"]
    assert outcome.cut_reason is None


def test_each_chunk_is_one_delta() -> None:
    assert read_all(*say("a", "b", "c"), STOP).deltas == 3


@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n"])
def test_answer_without_finish_reason_is_broken_off(end: bytes) -> None:
    outcome = read_all(*say("I added milk and"), end=end)

    assert outcome.text == "I added milk and"
    assert isinstance(outcome.error, ModelBrokenOffError)


@pytest.mark.parametrize(
    "chunks",
    [[], [delta(role="assistant")], [STOP], [*say("\n\n", " "), STOP], [delta("tool_calls")]],
)
def test_empty_answer_has_no_items(chunks: list[Any]) -> None:
    assert read_all(*chunks).items == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"message": "CUDA out of memory", "code": 500}}, ModelReportedError),
        ({"error": {"message": "Bad gateway", "code": 502}}, ModelUnreachableError),
        ({"choices": [{"error": {"code": 429, "message": "wait"}}]}, ModelBusyError),
        ({"error": "the runner has stopped"}, ModelReportedError),
        ({"object": "error", "message": "list index", "code": 400}, ModelReportedError),
        ({"type": "error", "message": "oops"}, ModelReportedError),
        ({"message": "bad gateway", "status": 502}, ModelReportedError),
        ({"detail": "Internal error"}, ModelReportedError),
        ({"choices": [], "error": {"message": "no provider"}}, ModelReportedError),
        ([{"error": {"message": "invalid argument"}}], ModelReportedError),
        (b"[ERROR] upstream closed", ModelReportedError),
        (delta("error"), ModelReportedError),
        ({"error": RATE_LIMIT}, ModelBusyError),
        ({"error": {"code": "insufficient_quota"}}, ModelBusyError),
        ({"object": "error", "message": "Too many requests"}, ModelBusyError),
        ({"error": {"code": 429, "message": "wait"}}, ModelBusyError),
    ],
)
@pytest.mark.parametrize("said", ["", "I am about to"])
def test_error_inside_of_a_stream(error: Any, kind: type[ModelServerError], said: str) -> None:
    outcome = read_all(*say(said), error)

    assert type(outcome.error) is kind
    assert outcome.text == said
    assert outcome.error.model == "tester"
    assert outcome.error.body


def test_event_named_error() -> None:
    data = stream(*say("About to")) + b'event: error\ndata: {"code": "internal"}\n\n'

    outcome = read(data.replace(b"data: [DONE]\n\n", b""), 7)

    assert outcome.text == "About to"
    assert isinstance(outcome.error, ModelReportedError)


def test_text_in_the_chunk_of_an_error_is_kept() -> None:
    outcome = read_all({**delta(content="Half an"), "error": {"message": "gone"}})

    assert outcome.text == "Half an"
    assert isinstance(outcome.error, ModelReportedError)


@pytest.mark.parametrize(
    ("reason", "cut_reason"),
    [
        ("length", "max_output_tokens"),
        ("MAX_TOKENS", "max_output_tokens"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("stop", None),
        ("eos_token", None),
    ],
)
def test_answer_that_was_cut(reason: str, cut_reason: str | None) -> None:
    outcome = read_all(*say("First you"), delta(reason))

    assert outcome.final_text == "First you"
    assert outcome.cut_reason == cut_reason


def test_is_finished_before_usage() -> None:
    chat = ChatStream("tester", {})

    list(chat.feed(delta(content="Hi")))
    before = chat.has_finished
    list(chat.feed(STOP))

    assert (before, chat.has_finished, chat.is_done) == (False, True, False)


def test_usage_of_the_last_chunk_that_has_one() -> None:
    chunks = [
        {**delta(content="Hi"), "usage": {"prompt_tokens": 9, "completion_tokens": 1}},
        {**STOP, "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
        {"choices": [], "usage": {"prompt_tokens": None, "completion_tokens": -1}},
    ]

    response = read_all(*chunks).response

    assert response is not None
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (9, 4)


def test_cached_tokens_in_the_dialect_of_deepseek() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 5}

    response = read_all(*say("Hi"), {**STOP, "usage": usage}).response

    assert response is not None
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == 5


@pytest.mark.parametrize("indexes", [(0, 1), (1, 0)])
def test_other_choices_are_ignored(indexes: tuple[int, int]) -> None:
    texts = {0: "A", 1: "B"}
    chunks = [
        {"choices": [{"index": i, "delta": {"content": f"{texts[i]}{n}"}} for i in indexes]}
        for n in (1, 2)
    ]

    assert read_all(*chunks, STOP).text == "A1A2"


def test_first_choice_may_come_second() -> None:
    chunks = [
        {"choices": [{"index": i, "delta": {"content": text}, "finish_reason": finish}]}
        for i, text, finish in (
            (1, "B1", None),
            (0, "A1", None),
            (1, "B2", "length"),
            (0, "A2", "stop"),
        )
    ]

    outcome = read_all(*chunks)

    assert outcome.final_text == "A1A2"
    assert outcome.cut_reason is None


@pytest.mark.parametrize("count", [1, 3, 500])
def test_one_choice_with_another_index(count: int) -> None:
    chunks = [{"choices": [{"index": 3, "delta": {"content": "Hi"}}]}] * count

    outcome = read_all(*chunks, {"choices": [{"index": 3, "finish_reason": "stop"}]})

    assert outcome.text == outcome.final_text == "Hi" * count


def test_words_of_the_error_in_a_choice() -> None:
    chunk = delta("error")
    chunk["choices"][0]["error"] = {"message": "Upstream died"}

    error = read_all(*say("I am"), chunk).error

    assert error is not None
    assert "Upstream died" in error.body


def test_choice_outside_of_a_list() -> None:
    chunks = [{"choices": chunk["choices"][0]} for chunk in (*say("Hi"), STOP)]

    assert read_all(*chunks).final_text == "Hi"


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([b"Milk \\ud83d", b"\\udd5b bought"], "Milk \U0001f55b bought"),
        ([b"Milk \\ud83d", b" bought"], "Milk \ufffd bought"),
        ([b"Milk \\udd5b"], "Milk \ufffd"),
        ([b"Milk \\ud83d"], "Milk \ufffd"),
        ([b"Milk \xff now"], "Milk \ufffd now"),
        ([b"Milk\\u0000 now"], "Milk now"),
        (["one\u2028two\x85three".encode()], "one\u2028two\x85three"),
    ],
)
def test_characters_that_no_store_accepts(texts: list[bytes], shown: str) -> None:
    chunks = [b'{"choices": [{"delta": {"content": "%b"}}]}' % text for text in texts]

    outcome = read_all(*chunks, STOP)

    assert outcome.text == outcome.final_text == shown


def test_refusal() -> None:
    outcome = read_all(delta(refusal="I can't "), delta(refusal="help."), STOP)

    assert outcome.refusal == "I can't help."
    assert [part.refusal for part in outcome.items[0].content] == ["I can't help."]


def test_citations_and_log_probabilities_are_kept() -> None:
    citation = {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2}
    chunk = delta(content="Hi", annotations=[{"type": "url_citation", "url_citation": citation}])
    chunk["choices"][0]["logprobs"] = {
        "content": [{"token": "Hi", "logprob": -0.1, "bytes": None, "top_logprobs": []}]
    }

    part = read_all(chunk, STOP).items[0].content[0]

    assert part.annotations[0].url == "https://a.example"
    assert part.logprobs[0].token == "Hi"


def test_unreadable_log_probabilities_are_dropped() -> None:
    chunk = delta(content="Hi")
    chunk["choices"][0]["logprobs"] = {"content": ["Hi"]}

    assert read_all(chunk, STOP).items[0].content[0].logprobs == []


@pytest.mark.parametrize(
    "chunk",
    [
        [], 7, None, "text", {"choices": {}}, {"choices": "x"}, {"choices": 3}, {"choices": [None, 3]},
        {"choices": [{"delta": "text"}]}, {"choices": [{"delta": {"content": 3}}]},
        {"choices": [{"delta": {"tool_calls": {"function": 3}}}]},
        {"choices": [{"delta": {"tool_calls": [None, 3, {}, {"function": {}}]}}]},
        {"choices": [{"delta": {"reasoning_details": [3], "reasoning": 3}}]},
        {"choices": [{"index": [], "delta": {}}]}, {"choices": [{"finish_reason": 3}]},
        {"usage": "many", "choices": [{"usage": []}]},
    ],
)  # fmt: skip
def test_nonsense_is_ignored(chunk: Any) -> None:
    assert read_all(chunk, *say("Hi"), chunk, STOP, chunk).final_text == "Hi"


def test_answer_survives_the_journal() -> None:
    chunks = [
        delta(reasoning_content="Hm"),
        delta(
            tool_calls=[{"id": "a", "function": {"name": "list_rooms"}, "extra_content": {"s": 1}}]
        ),
        delta("tool_calls", content="One moment."),
    ]
    response = read_all(*chunks).response
    assert response is not None

    stored = decode(response.model_dump_json(exclude_unset=True).encode())
    restored = Response.construct(None, **stored)

    data: Any = restored.output[-1].to_dict()["provider_data"]
    assert data["call"] == {"extra_content": {"s": 1}}
    assert restored.to_dict() == response.to_dict()
