"""The model in the SDK and openai-chatkit: responses, streaming and tool calls."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agents import Agent, ModelSettings, RunConfig, Runner
from agents.models.interface import ModelTracing
from chatkit.agents import AgentContext, stream_agent_response
from chatkit.types import AssistantMessageItem, Page, ThreadMetadata
from offline_kit import FakeTodo
from openai.types.responses import ResponseCompletedEvent, ResponseFunctionToolCall

from offline_assistant.model import MISSING_TOOLS, OfflineModel, decide
from task_phrases.clock import Clock

INSTRUCTIONS = (
    "You are a todo assistant.\n\nNow: 2026-11-23T09:30:00+01:00\nWeekday: Monday\n"
    "Time zone: Europe/Berlin\nLocale: en-GB\n"
)
NO_TRACING = RunConfig(tracing_disabled=True)


@pytest.fixture
def agent(todo: FakeTodo) -> Agent[Any]:
    return Agent(
        name="Todo", instructions=INSTRUCTIONS, model=OfflineModel(), tools=list(todo.tools())
    )


def user_items(*texts: str) -> list[Any]:
    return [{"role": "user", "content": text} for text in texts]


async def response_events(text: str, tools: list[Any], **changes: Any) -> list[Any]:
    options: dict[str, Any] = {
        "model_settings": ModelSettings(),
        "output_schema": None,
        "handoffs": [],
        "tracing": ModelTracing.DISABLED,
        "previous_response_id": None,
        "conversation_id": None,
        "prompt": None,
    }
    stream = OfflineModel().stream_response(
        INSTRUCTIONS, user_items(text), tools=tools, **options | changes
    )
    return [event async for event in stream]


class TestRunner:
    async def test_turn_without_streaming(self, agent: Agent[Any], todo: FakeTodo) -> None:
        result = await Runner.run(
            agent, user_items("add buy milk tomorrow at 5pm"), run_config=NO_TRACING
        )

        assert todo.calls == [("add_task", {"title": "buy milk", "due_at": "2026-11-24T16:00:00Z"})]
        assert "Added #1 **buy milk**" in result.final_output

    async def test_turn_of_several_steps_streams(self, agent: Agent[Any], todo: FakeTodo) -> None:
        todo.add("buy milk")

        result = Runner.run_streamed(agent, user_items("I bought the milk"), run_config=NO_TRACING)
        kinds = [
            event.data.type
            async for event in result.stream_events()
            if event.type == "raw_response_event"
        ]

        assert [name for name, _ in todo.calls] == ["find_tasks", "change_tasks"]
        assert kinds.count("response.completed") == 3
        assert result.final_output == "Done: #1 **buy milk**."

    async def test_dialogue_uses_the_history_of_the_sdk(
        self, agent: Agent[Any], todo: FakeTodo
    ) -> None:
        history: list[Any] = []
        for text in ("add milk and eggs to my shopping list", "complete the last one",
                     "delete all done ones", "yes"):  # fmt: skip
            todo.begin_turn()
            result = await Runner.run(agent, [*history, *user_items(text)], run_config=NO_TRACING)
            history = result.to_input_list()

        assert todo.titles == ["milk"]

    async def test_many_calls_make_one_step(self, agent: Agent[Any], todo: FakeTodo) -> None:
        text = "add " + ", ".join(f"thing {i}" for i in range(20)) + " to my packing list"

        await Runner.run(agent, user_items(text), run_config=NO_TRACING, max_turns=2)

        assert len(todo.tasks) == 20


class TestStreaming:
    async def test_joined_deltas_equal_the_text(self, todo: FakeTodo) -> None:
        events = await response_events("help", todo.tools())

        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        (done,) = [event for event in events if event.type == "response.output_text.done"]
        assert "".join(deltas) == done.text
        assert len(deltas) > 40
        assert all(len(delta.split()) <= 1 for delta in deltas)

    async def test_message_events_are_in_order(self, todo: FakeTodo) -> None:
        events = await response_events("hi", todo.tools())

        kinds = list(dict.fromkeys(event.type for event in events))
        assert kinds == [
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
        assert [event.sequence_number for event in events] == list(range(len(events)))

    async def test_other_tasks_run_between_words(self, todo: FakeTodo) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        other = asyncio.create_task(count())
        events = await response_events("help", todo.tools())
        other.cancel()

        assert turns >= len(events)

    async def test_openai_chatkit_converts_the_stream(self, agent: Agent[Any]) -> None:
        result = Runner.run_streamed(agent, user_items("add buy milk"), run_config=NO_TRACING)

        async def no_items(*_: Any, **__: Any) -> Page[Any]:
            return Page(data=[])

        context = AgentContext(
            thread=ThreadMetadata(id="thr_1", created_at=datetime(2026, 11, 23)),  # noqa: DTZ001
            store=SimpleNamespace(load_thread_items=no_items),  # type: ignore[arg-type]
            request_context=None,
        )
        events = [event async for event in stream_agent_response(context, result)]

        (item,) = [event.item for event in events if event.type == "thread.item.done"]
        assert isinstance(item, AssistantMessageItem)
        text = "".join(
            event.update.delta
            for event in events
            if event.type == "thread.item.updated" and hasattr(event.update, "delta")
        )
        assert text == item.content[0].text == result.final_output


class TestCalls:
    async def test_call_ids_are_unique_and_deterministic(self, todo: FakeTodo) -> None:
        def calls(events: list[Any]) -> list[ResponseFunctionToolCall]:
            (last,) = [event for event in events if isinstance(event, ResponseCompletedEvent)]
            return [i for i in last.response.output if isinstance(i, ResponseFunctionToolCall)]

        first = calls(
            await response_events("add milk, eggs and milk to my shopping list", todo.tools())
        )
        again = calls(
            await response_events("add milk, eggs and milk to my shopping list", todo.tools())
        )
        other = calls(await response_events("add milk and eggs to my shopping list", todo.tools()))

        ids = [call.call_id for call in first]
        assert len(set(ids)) == 3
        assert ids == [call.call_id for call in again]
        assert not set(ids) & {call.call_id for call in other}

    async def test_missing_tool_is_not_called(self, todo: FakeTodo) -> None:
        tools = [tool for tool in todo.tools() if tool.name != "add_task"]

        events = await response_events("add milk", tools)

        (last,) = [event for event in events if isinstance(event, ResponseCompletedEvent)]
        assert last.response.output_text == MISSING_TOOLS

    def test_successful_calls_of_an_earlier_run_are_not_repeated(self, clock: Clock) -> None:
        turn = [
            *user_items("add milk, eggs and bread to my shopping list"),
            *recorded_call(
                "run_1_0", "add_task", {"ok": True, "task": {"number": 1, "title": "milk"}}
            ),
            *recorded_call(
                "run_1_1", "add_task", {"ok": False, "code": "unavailable", "error": "x"}
            ),
            *recorded_call(
                "run_1_2", "add_task", {"ok": True, "task": {"number": 2, "title": "bread"}}
            ),
        ]

        step = decide(turn, clock)

        assert [call.arguments["title"] for call in step.calls] == ["eggs"]
        added = {"ok": True, "task": {"number": 3, "title": "eggs"}}
        text = decide([*turn, *recorded_call("ofl_1", "add_task", added)], clock).text
        assert text.startswith("Added 3 tasks")

    def test_broken_tool_output_is_not_shown(self, clock: Clock) -> None:
        broken = recorded_call("ofl_1", "add_task", "Traceback: secret")

        text = decide([*user_items("add milk"), *broken], clock).text

        assert text == "I couldn't add **milk**: something went wrong."


class TestInput:
    @pytest.mark.parametrize(
        "content",
        ["add milk", [{"type": "input_text", "text": "add milk"}]],
    )
    def test_message_content_is_text_or_parts(
        self, clock: Clock, content: str | list[dict[str, str]]
    ) -> None:
        step = decide([{"type": "message", "role": "user", "content": content}], clock)

        assert [call.arguments for call in step.calls] == [{"title": "milk"}]

    def test_input_can_be_a_string(self, clock: Clock) -> None:
        assert decide("add milk", clock).calls

    def test_hidden_context_is_not_a_user_message(self, clock: Clock) -> None:
        hidden = (
            "Hidden context for the agent (not shown to the user):\n<HiddenContext>\ndelete 3\n"
        )

        step = decide([*user_items("add milk"), *user_items(hidden)], clock)

        assert [call.name for call in step.calls] == ["add_task"]

    def test_it_refers_to_the_quoted_task(self, clock: Clock) -> None:
        quoted = "The user is referring to this in particular: \n#7 buy milk"

        step = decide([*user_items("complete it"), *user_items(quoted)], clock)

        assert [call.arguments for call in step.calls] == [{"tasks": ["7"], "completed": True}]

    def test_unreadable_file_is_reported(self, clock: Clock) -> None:
        attached = user_items("[A file was attached that can't be read here: tasks.pdf]")

        assert "can't read attached files" in decide(attached, clock).text

    def test_it_refers_to_tasks_returned_to_another_model(self, clock: Clock) -> None:
        listed = {"ok": True, "tasks": [{"number": 4, "title": "milk"}], "total": 1}
        history = [
            *user_items("what is there?"),
            *recorded_call("call_0", "find_tasks", listed),
            {"type": "message", "role": "assistant", "content": "Only milk."},
        ]

        step = decide([*history, *user_items("delete it")], clock)

        assert [call.arguments for call in step.calls] == [{"tasks": ["4"]}]

    @pytest.mark.parametrize(
        "items", [[], [{"role": "system", "content": "x"}], [{"type": "reasoning"}]]
    )
    def test_no_user_message_makes_no_calls(
        self, clock: Clock, items: list[dict[str, str]]
    ) -> None:
        assert not decide(items, clock).calls

    def test_too_long_message_is_rejected(self, clock: Clock) -> None:
        assert "too long" in decide(user_items("add milk and " * 1000), clock).text


def test_intents_do_not_depend_on_hash_seed_or_system_zone() -> None:
    """Some word tables are sets; their order must not matter."""
    script = (
        "import sys; from offline_assistant.instructed_clock import read_clock;"
        "from datetime import datetime, UTC; from offline_assistant.interpreter import interpret;"
        f"clock = read_clock({INSTRUCTIONS!r}, datetime.now(UTC));"
        "[print(interpret(line, clock)) for line in sys.stdin]"
    )
    lines = Path(__file__).with_name("sentences.txt").read_text().splitlines()
    sentences = "\n".join(lines[::4])

    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=sentences,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Los_Angeles"))
    }

    assert len(outputs) == 1


def recorded_call(call_id: str, name: str, output: dict[str, Any] | str) -> list[Any]:
    text = output if isinstance(output, str) else json.dumps(output)
    return [
        {"type": "function_call", "call_id": call_id, "name": name, "arguments": "{}"},
        {"type": "function_call_output", "call_id": call_id, "output": text},
    ]
