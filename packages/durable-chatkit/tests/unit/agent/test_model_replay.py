"""Model replay: ids, the journal, and differences between servers."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

import msgspec
from agents import ItemHelpers, Model, ModelSettings, ModelTracing
from answer_kit import model_answer
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
    ResponseTextDeltaEvent,
)
from openai.types.responses.response import IncompleteDetails
from openai.types.responses.response_output_text import AnnotationURLCitation
from prometheus_client import REGISTRY
from run_kit import MakeScope, MemoryJournal

from durable_chatkit.agent.call_scope import RunnerCall, ToolCallScope
from durable_chatkit.agent.model_replay import ReplayModel
from durable_chatkit.agent.run_models import FoundModel
from durable_chatkit.agent.run_scope import CallPosition, RunScope
from model_client.canned_server import CannedServer
from model_client.responses import ResponsesModel


class Scripted(Model):
    """Streams the given events; fails the test on any further call."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers = list(answers)

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        for event in self.answers.pop(0):
            yield event


def message(text: str, item_id: str = "__fake_id__") -> ResponseOutputMessage:
    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id=item_id, type="message", role="assistant", status="completed", content=[part]
    )


def tool_call(
    call_id: str, item_id: str | None = "fc_1", arguments: str = "{}"
) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        type="function_call", id=item_id, call_id=call_id, name="add_task", arguments=arguments
    )


def completed(*output: Any) -> ResponseCompletedEvent:
    return ResponseCompletedEvent(
        type="response.completed", response=model_answer(*output), sequence_number=9
    )


def added(item: Any, index: int = 0) -> ResponseOutputItemAddedEvent:
    return ResponseOutputItemAddedEvent(
        type="response.output_item.added", item=item, output_index=index, sequence_number=0
    )


def done(item: Any, index: int = 0) -> ResponseOutputItemDoneEvent:
    return ResponseOutputItemDoneEvent(
        type="response.output_item.done", item=item, output_index=index, sequence_number=0
    )


def delta(text: str, item_id: str = "__fake_id__", index: int = 0) -> ResponseTextDeltaEvent:
    return ResponseTextDeltaEvent(
        type="response.output_text.delta",
        item_id=item_id,
        output_index=index,
        content_index=0,
        delta=text,
        logprobs=[],
        sequence_number=0,
    )


def replay(inner: Model, scope: RunScope | RunnerCall, name: str = "") -> ReplayModel:
    """Return the durable model of a Runner call."""
    call = scope if isinstance(scope, RunnerCall) else RunnerCall(scope, "")
    return ReplayModel(FoundModel(inner, name), call)


async def stream(model: ReplayModel, history: list[Any] | None = None) -> list[Any]:
    return [event async for event in model.stream_response(None, history or [])]


def text_answer(text: str) -> list[Any]:
    return [added(message("")), delta(text), done(message(text)), completed(message(text))]


async def test_done_event_follows_the_journaled_answer(
    make_scope: MakeScope, journal: MemoryJournal
) -> None:
    model = replay(Scripted(text_answer("hi")), make_scope())

    seen = [(event.type, journal.saves.copy()) async for event in model.stream_response(None, [])]

    assert seen[-2:] == [
        ("response.output_item.done", ["answer/0000"]),
        ("response.completed", ["answer/0000"]),
    ]
    assert all(saves == [] for _, saves in seen[:-2])


async def test_deltas_of_any_model_are_merged_within_the_window(make_scope: MakeScope) -> None:
    scope = make_scope()
    scope.stream_window_s = 3600.0
    deltas = [delta(text) for text in ("one", " two", " three")]
    answer = [added(message("")), *deltas, completed(message("one two three"))]

    events = await stream(replay(Scripted(answer), scope))

    assert [event.delta for event in events if "delta" in event.type] == ["one", " two three"]


async def test_only_published_events_get_our_ids(
    make_scope: MakeScope,
) -> None:
    scope = make_scope()

    events = await stream(replay(Scripted(text_answer("hi")), scope))

    ours = RunnerCall(scope, "").item_id(0, "msg", 0)
    assert [events[0].item.id, events[1].item_id, events[2].item.id] == [ours] * 3
    assert events[3].response.output[0].id == "__fake_id__"


WHOLE_ITEM = ["response.output_item.added", "response.output_item.done", "response.completed"]


async def test_second_attempt_replays_items_without_model_call(make_scope: MakeScope) -> None:
    first = await stream(replay(Scripted(text_answer("hi")), make_scope()))

    again = await stream(replay(Scripted(), make_scope(attempt=2)))

    assert [event.type for event in again] == WHOLE_ITEM
    assert again[1].item.model_dump() == first[2].item.model_dump()
    assert (again[0].item.id, again[0].item.content) == (first[0].item.id, [])


async def test_cut_answer_is_noted_in_every_attempt(make_scope: MakeScope) -> None:
    end = completed(message("half"))
    end.response.status = "incomplete"
    end.response.incomplete_details = IncompleteDetails(reason="max_output_tokens")
    first, second = make_scope(), make_scope(attempt=2)

    await stream(replay(Scripted([end]), first))
    await stream(replay(Scripted(), second))

    assert "length limit" in str(first.cut_notice)
    assert second.cut_notice == first.cut_notice


async def test_cut_answer_without_a_stream_is_noted_in_every_attempt(
    make_scope: MakeScope,
) -> None:
    item = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "half"}]}
    details = {"reason": "max_output_tokens"}
    response = {"status": "incomplete", "incomplete_details": details, "output": [item]}
    event = {"type": "response.incomplete", "response": response}
    inner = ResponsesModel("m", CannedServer(b"data: %b\n\n" % msgspec.json.encode(event)))
    first, second = make_scope(), make_scope(attempt=2)

    for model, scope in ((inner, first), (Scripted(), second)):
        answer = await replay(model, scope).get_response(
            None, "go", ModelSettings(), [], None, [], ModelTracing.DISABLED
        )
        assert ItemHelpers.extract_text(answer.output[0]) == "half"
        assert "length limit" in str(scope.cut_notice)


async def test_repaired_calls_are_journaled_with_ids_that_differ(make_scope: MakeScope) -> None:
    model = replay(
        Scripted([completed(tool_call("1", arguments='{"a": 1}{"a": 2}'))]), make_scope()
    )

    (live,) = await stream(model)
    replayed = (await stream(replay(Scripted(), make_scope(attempt=2))))[-1]

    calls = live.response.output
    assert [call.arguments for call in calls] == ['{"a": 1}', '{"a": 2}']
    assert calls[0].call_id == "1"
    assert calls[1].call_id not in {"", "1"}
    assert [call.call_id for call in replayed.response.output] == [call.call_id for call in calls]


async def test_cut_answer_that_is_not_the_last_is_not_noted(make_scope: MakeScope) -> None:
    scope = make_scope()
    with_call, of_tool = completed(message("half"), tool_call("1")), completed(message("half"))
    with_call.response.status = of_tool.response.status = "incomplete"
    tool = ToolCallScope(scope, "tool/0000/0")

    await stream(replay(Scripted([with_call]), scope))
    await stream(replay(Scripted([of_tool]), RunnerCall(scope, "tool/0000/0/run/a", tool)))

    assert scope.cut_notice is None


async def test_replay_keeps_ids_of_an_earlier_generation(make_scope: MakeScope) -> None:
    """The answer was journaled after its partial message was removed; then Redis lost the log."""
    removed_id = RunnerCall(make_scope(), "").item_id(0, "msg", 0)
    first = await stream(replay(Scripted(text_answer("hi")), make_scope(2, removed={removed_id})))

    again = await stream(replay(Scripted(), make_scope(attempt=3)))

    assert again[1].item.id == first[2].item.id != removed_id


async def test_stream_of_only_the_completed_event_is_supported(make_scope: MakeScope) -> None:
    events = await stream(replay(Scripted([completed(message("hi"))]), make_scope()))

    assert [event.type for event in events] == WHOLE_ITEM


async def test_completed_event_without_output_is_supported(make_scope: MakeScope) -> None:
    answer = [added(message("")), done(message("hi")), done(tool_call("call_1"), 1), completed()]
    call = RunnerCall(make_scope(), "")

    events = await stream(replay(Scripted(answer), call))

    output = events[-1].response.output
    assert [item.type for item in output] == ["message", "function_call"]
    assert call.position_of("call_1") == CallPosition(0, 0)


async def test_calls_with_missing_or_duplicate_ids_get_new_ids(make_scope: MakeScope) -> None:
    call = RunnerCall(make_scope(), "")
    answer = completed(tool_call(""), tool_call("call_0"), tool_call("call_0", None))
    history = [{"type": "function_call", "call_id": "call_0", "name": "x", "arguments": "{}"}]

    events = await stream(replay(Scripted([answer]), call), history)

    calls = events[-1].response.output
    assert len({each.call_id for each in calls} | {"call_0", ""}) == 5
    assert [call.position_of(each.call_id) for each in calls] == [
        CallPosition(0, index) for index in range(3)
    ]
    assert all(each.id for each in calls)


async def test_call_ids_and_positions_are_equal_in_every_attempt(make_scope: MakeScope) -> None:
    answers = [[completed(tool_call("call_0"))], [completed(tool_call("call_0"))]]
    first, second = RunnerCall(make_scope(), ""), RunnerCall(make_scope(attempt=2), "")
    live, replayed = replay(Scripted(*answers), first), replay(Scripted(), second)

    first_ids = [(await stream(live))[-1].response.output[0].call_id for _ in range(2)]
    second_ids = [(await stream(replayed))[-1].response.output[0].call_id for _ in range(2)]

    assert first_ids == second_ids
    assert [second.position_of(call_id) for call_id in second_ids] == [
        CallPosition(0, 0),
        CallPosition(1, 0),
    ]


async def test_completed_answer_keeps_the_reasoning_of_the_provider(make_scope: MakeScope) -> None:
    thought = ResponseReasoningItem(id="rs_1", type="reasoning", summary=[])
    answer = [
        added(thought),
        done(thought),
        added(message(""), 1),
        done(message("hi"), 1),
        completed(thought, message("hi")),
    ]

    events = await stream(replay(Scripted(answer), make_scope()))

    assert events[0].item.id == RunnerCall(make_scope(), "").item_id(0, "wf", 0)
    assert events[-1].response.output[0].id == "rs_1"


async def test_events_of_the_model_are_not_changed(make_scope: MakeScope) -> None:
    """A model may keep its events, as scripted models of an agent's own tests do."""
    answer = [
        *text_answer("hi")[:-1],
        done(tool_call(""), 1),
        completed(message("hi"), tool_call("", None)),
    ]
    before = [event.model_dump() for event in answer]

    await stream(replay(Scripted(answer), make_scope()))

    assert [event.model_dump() for event in answer] == before


async def test_messages_of_one_answer_have_distinct_ids(make_scope: MakeScope) -> None:
    one, two = message("one", "m1"), message("two", "m2")
    answer = [added(one), done(one), added(two, 1), done(two, 1), completed(one, two)]

    events = await stream(replay(Scripted(answer), make_scope()))

    done_ids = [event.item.id for event in events if event.type == "response.output_item.done"]
    assert len(set(done_ids)) == 2
    assert [event.item.id for event in events[:2]] == done_ids


async def test_cut_stream_counts_as_error_and_closed_stream_as_stopped(
    make_scope: MakeScope,
) -> None:
    cut = text_answer("hi")[:-1]

    await stream(replay(Scripted(cut), make_scope(), name="cut"))
    left = replay(Scripted(cut), make_scope(), name="left").stream_response(None, [])
    await anext(left)
    await cast("AsyncGenerator[Any, None]", left).aclose()

    assert calls_of("cut", "error") == 1
    assert calls_of("left", "stopped") == 1


def calls_of(model: str, outcome: str) -> float:
    labels = {"model": model, "outcome": outcome}
    return REGISTRY.get_sample_value("todochat_model_call_seconds_count", labels) or 0


async def test_recorded_answer_keeps_its_citations(make_scope: MakeScope) -> None:
    """A takeover emits the same `done` event as the attempt that called the model."""
    cited = message("hi")
    fields = {"type": "url_citation", "url": "https://example.com", "start_index": 0}
    # As the client builds it, without validation: one citation is complete, the other has no end.
    cited.content[0].annotations = [  # type: ignore[union-attr]
        AnnotationURLCitation.construct(None, **fields, end_index=2, title="Example"),
        AnnotationURLCitation.construct(None, **fields, title="Example"),
    ]
    first = await stream(replay(Scripted([completed(cited)]), make_scope()))

    again = await stream(replay(Scripted(), make_scope(attempt=2)))

    (citation,) = again[1].item.content[0].annotations
    assert citation.title == "Example"
    assert again[1].item.model_dump() == first[1].item.model_dump()
