"""Events of live answers: reasoning in all forms, previews, servers that leave events out."""

from collections.abc import Mapping
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from durable_chatkit.agent.answer_events import AnswerEvents, AnswerIds, pair_items, replay_item

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
MESSAGE = {"type": "message", "id": "m_1", "role": "assistant", "status": "completed"}


def event(kind: str, **fields: Any) -> Any:
    position = {"item_id": "rs_1", "output_index": 0, "sequence_number": 0}
    return EVENT.validate_python({"type": f"response.{kind}", **position, **fields})


def added(item: Mapping[str, Any], index: int = 0) -> Any:
    content: dict[str, Any] = {"content": []} if item["type"] == "message" else {}
    return event("output_item.added", item={**item, **content}, output_index=index)


def delta(text: str, summary_index: int = 0) -> Any:
    return event("reasoning_summary_text.delta", delta=text, summary_index=summary_index)


def part_done(text: str, summary_index: int = 0) -> Any:
    part = {"type": "summary_text", "text": text}
    return event("reasoning_summary_part.done", part=part, summary_index=summary_index)


def make(*, shows_reasoning: bool = True) -> AnswerEvents:
    ids = AnswerIds(lambda prefix, index: f"{prefix}_{index}")
    return AnswerEvents(ids, shows_reasoning=shows_reasoning)


def convert(events: list[Any], shown: AnswerEvents | None = None) -> list[Any]:
    shown = shown or make()
    return [converted for each in events for converted in shown.convert(each)]


def thoughts(events: list[Any]) -> list[tuple[str, str]]:
    """Return item and text of the completed thoughts."""
    kind = "response.reasoning_summary_text.done"
    return [(each.item_id, each.text) for each in events if each.type == kind]


def test_thought_that_a_server_never_completes_is_completed() -> None:
    events = convert([added(THOUGHT), delta("Why?"), part_done("Why?")])

    assert thoughts(events) == [("wf_0", "Why?")]


def test_thought_is_completed_once() -> None:
    text_done = event("reasoning_summary_text.done", text="Why?", summary_index=0)
    summary = [{"type": "summary_text", "text": "Why?"}]
    item_done = event("output_item.done", item={**THOUGHT, "summary": summary})

    events = convert([added(THOUGHT), delta("Why?"), text_done, part_done("Why?"), item_done])

    assert thoughts(events) == [("wf_0", "Why?")]


def test_thought_is_completed_before_the_message_that_follows() -> None:
    text = event("reasoning_text.delta", delta="Why?", content_index=0)

    events = convert([added(THOUGHT), text, added(MESSAGE, 1)])

    assert [each.type for each in events][-2:] == [
        "response.reasoning_summary_text.done",
        "response.output_item.added",
    ]
    assert thoughts(events) == [("wf_0", "Why?")]


def test_thoughts_without_deltas_come_from_the_completed_item() -> None:
    summary = [{"type": "summary_text", "text": text} for text in ("One.", "Two.")]

    events = convert(
        [added(THOUGHT), event("output_item.done", item={**THOUGHT, "summary": summary})]
    )

    assert thoughts(events) == [("wf_0", "One."), ("wf_0", "Two.")]


def test_reasoning_that_no_item_announces_is_shown() -> None:
    events = convert([delta("Why?"), part_done("Why?")])

    assert events[0].item.id == "wf_0"
    assert thoughts(events) == [("wf_0", "Why?")]


def test_full_text_beside_a_summary_is_left_out() -> None:
    text = event("reasoning_text.delta", delta="word for word", content_index=0)

    events = convert([added(THOUGHT), delta("In short."), text, part_done("In short.")])

    assert thoughts(events) == [("wf_0", "In short.")]


@pytest.mark.parametrize("chars", [1, 4, 1000])
def test_long_thought_is_published_in_growing_pieces(chars: int) -> None:
    text = "x" * 20_000
    pieces = [text[at : at + chars] for at in range(0, len(text), chars)]

    events = convert([added(THOUGHT), *map(delta, pieces)])

    published = [each.delta for each in events if each.type.endswith(".delta")]
    assert text.startswith("".join(published))
    shown = repeated = 0
    for piece in published:
        shown += len(piece)
        repeated += shown  # openai-chatkit sends the whole thought each time
    assert repeated < 10 * len(text)


def test_message_and_reasoning_may_share_id_and_index() -> None:
    """Chat Completions has one id for everything; reasoning after text has the text's index."""
    fake = {"item_id": "__fake_id__", "output_index": 0, "sequence_number": 0}
    text = {"type": "response.output_text.delta", "delta": "b", "content_index": 0, "logprobs": []}
    thought = {"type": "response.reasoning_summary_text.delta", "delta": "y" * 50}

    events = convert(
        [
            added({**MESSAGE, "id": "__fake_id__"}),
            EVENT.validate_python({**fake, **thought, "summary_index": 0}),
            EVENT.validate_python({**fake, **text}),
        ]
    )

    ids = [each.item.id if hasattr(each, "item") else each.item_id for each in events]
    assert ids == ["msg_0", "wf_0", "wf_0", "msg_0"]


def test_hidden_reasoning_doesnt_shift_the_ids_of_other_items() -> None:
    image = {"type": "image_generation_call", "id": "ig_1", "status": "in_progress"}

    events = convert(
        [added(THOUGHT), delta("Why?" * 50), added(image, 1)], make(shows_reasoning=False)
    )

    assert [each.item.id for each in events] == ["img_1"]


def test_finished_image_is_a_preview_until_its_answer_is_journaled() -> None:
    image = {"type": "image_generation_call", "id": "rs_1", "status": "in_progress"}
    preview = event(
        "image_generation_call.partial_image", partial_image_b64="AAAA", partial_image_index=0
    )
    finished = event("output_item.done", item={**image, "status": "completed", "result": "BBBB"})

    events = convert([added(image), preview, finished])

    shown = [(each.partial_image_index, each.partial_image_b64) for each in events[1:]]
    assert shown == [(0, "AAAA"), (1, "BBBB")]


def test_replay_completes_the_same_thoughts_under_the_same_ids() -> None:
    summary = [{"type": "summary_text", "text": text} for text in ("One.", "", "Two.")]
    fields = {"id": "r", "output": [{**THOUGHT, "summary": summary}]}
    response = Response.construct(None, **fields)

    events = [
        each
        for item, item_id in pair_items(response, [], ["wf_9"])
        for each in replay_item(item, item_id, shows_reasoning=True)
    ]

    assert thoughts(events) == [("wf_9", "One."), ("wf_9", "Two.")]


def test_items_recorded_by_an_earlier_version_are_left_out() -> None:
    text = {"type": "output_text", "text": "hi", "annotations": []}
    fields = {"id": "r", "output": [THOUGHT, {**MESSAGE, "content": [text]}]}
    response = Response.construct(None, **fields)

    assert [item_id for _, item_id in pair_items(response, ["msg_0"], [])] == ["msg_0"]
