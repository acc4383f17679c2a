"""The fields of an `Assistant`, driven by a real worker: what a viewer sees and the model gets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    RunContextWrapper,
    Runner,
    function_tool,
    input_guardrail,
    output_guardrail,
)
from chatkit.actions import Action
from chatkit.agents import stream_agent_response
from chatkit.types import (
    ClientEffectEvent,
    HiddenContextItem,
    ProgressUpdateEvent,
    ThreadStreamEvent,
    UserMessageItem,
    UserMessageTagContent,
    WidgetItem,
)
from crash_kit import take_over
from pydantic import BaseModel
from worker_kit import Chat, Register, deltas

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.rendered_output import readable_text
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.worker import journal
from durable_chatkit.worker.fold import OpenItems
from todochat.bus import RunLostError
from todochat.clock import utc_now
from todochat.ids import new_id
from todochat.testing import wait_until
from todochat.testing.model_server import (
    Call,
    Gate,
    ModelRequest,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
    Think,
)

FACTORY: Final = "adopter:assistant"


class Weather(BaseModel):
    city: str
    degrees: int
    is_sunny: bool


@input_guardrail
async def refuse_homework(_context: Any, _agent: Any, given: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="homework" in str(given))


@output_guardrail
async def keep_secret(_context: Any, _agent: Any, output: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="secret" in str(output))


async def test_structured_output_is_shown_as_text_only(
    chat: Chat, model: ScriptedModelServer, register: Register, wire: str
) -> None:
    register(assistant=Assistant(agent=Agent(name="Weather", output_type=Weather)))
    model.answer(Say('{"city":"Oslo",', '"degrees":7,', '"is_sunny":true}'))
    await chat.start_worker(factory=FACTORY, api=wire)

    run = await chat.ask("weather?")

    shown = "- **City:** Oslo\n- **Degrees:** 7\n- **Is sunny:** yes"
    assert (await chat.texts(run))[1] == shown
    assert "{" not in "".join(deltas(await chat.events(run)))


@pytest.mark.parametrize("render", [readable_text, lambda _: None])
async def test_reasoning_ends_before_structured_output(
    chat: Chat, model: ScriptedModelServer, register: Register, render: Any
) -> None:
    @function_tool
    async def show(context: RunContextWrapper[RunContext]) -> str:
        """Show a card."""
        await context.context.stream(ClientEffectEvent(name="shown"))
        return "shown"

    agent = Agent[Any](name="Weather", output_type=Weather, tools=[show])
    register(assistant=Assistant(agent=agent, render_output=render))
    model.answer(Call("show"))
    model.answer(Think("I look at the sky."), Say('{"city":"Oslo","degrees":7,"is_sunny":true}'))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("weather?")

    assert await chat.wait_for_end(run) == "completed"
    shown = [] if render is not readable_text else ["assistant_message"]
    kinds = [item.type for item in await chat.items(run) if "hidden" not in item.type]
    assert kinds == ["user_message", "workflow", *shown]
    done = [event for event in await chat.events(run) if event.type == "thread.item.done"]
    (workflow,) = [event.item for event in done if event.item.type == "workflow"]
    assert workflow.workflow.summary is not None


async def test_adopter_renders_structured_output(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    async def render(value: Weather) -> str:
        return f"{value.degrees} degrees in {value.city}"

    agent = Agent[Any](name="Weather", output_type=Weather)
    register(assistant=Assistant(agent=agent, render_output=render))
    model.answer(Say('{"city":"Oslo","degrees":7,"is_sunny":true}'))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("weather?")

    assert (await chat.texts(run))[1] == "7 degrees in Oslo"


async def test_tripwire_shows_a_message_and_completes_the_run(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    agent = Agent[Any](name="Tutor", input_guardrails=[refuse_homework])
    register(assistant=Assistant(agent=agent))
    model.otherwise = None
    model.answer(Say("Here you are."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("do my homework")

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.texts(run))[1:] == ["I can't help with that."]
    assert not [event for event in await chat.events(run) if event.type == "error"]


async def test_tripwire_after_a_takeover_removes_the_message_of_the_dead_attempt(
    chat: Chat, model: ScriptedModelServer, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_died = False

    def die_once(point: str) -> None:
        nonlocal has_died
        if point == "answer.saved" and not has_died:  # the message was added and isn't done
            has_died = True
            raise RunLostError(point)

    @input_guardrail
    async def refuse_later(_context: Any, _agent: Any, _given: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=has_died)

    monkeypatch.setattr(journal, "fault_point", die_once)
    tutor = Agent[Any](name="Tutor", input_guardrails=[refuse_later])
    register(assistant=Assistant(agent=tutor))
    model.answer(Say("Here you are."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.say("do my homework")
    await wait_until(lambda: has_died, 30)
    await take_over(chat, run)

    assert await chat.wait_for_end(run) == "completed"
    open_items = OpenItems()
    for event in await chat.events(run):
        open_items.apply(event)
    assert open_items.items == {}
    assert (await chat.texts(run))[1:] == ["I can't help with that."]


async def test_adopters_tripwire_message_replaces_the_answer(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    async def explain(error: Exception, run: RunContext) -> str:
        return f"{type(error).__name__} for {run.user_id}"

    agent = Agent[Any](name="Clerk", output_guardrails=[keep_secret])
    register(assistant=Assistant(agent=agent, on_tripwire=explain))
    model.answer(Say("the secret is 7"))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("tell me")

    assert await chat.texts(run) == ["tell me", "OutputGuardrailTripwireTriggered for usr_ada"]


async def test_agent_is_chosen_for_each_turn(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    async def choose(run: RunContext) -> Agent[Any]:
        assert run.message is not None
        return Agent(name="Chosen", model=run.message.inference_options.model)

    register(assistant=Assistant(agent=choose))
    model.answer(Say("Fast."))
    model.answer(Say("Default."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.request(message_with({"model": "fast-model"}))
    await chat.wait_for_end(run)
    await chat.ask("again", run.thread_id)

    assert await chat.texts(run) == ["hi", "Fast.", "again", "Default."]
    assert [request.body["model"] for request in model.requests] == ["fast-model", "scripted"]


async def test_extra_input_precedes_the_history(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    calls: list[str] = []

    async def add(run: RunContext) -> Any:
        calls.append(run.thread.id)
        return [{"role": "user", "content": f"I am {run.user_id}"}]

    register(assistant=Assistant(agent=Agent(name="Plain"), extra_input=add))
    gate = Gate()
    model.answer(gate)
    model.answer(Say("Hello"))
    first = await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "hi")

    await first.aclose(0)
    await chat.start_worker(factory=FACTORY)
    await chat.wait_for_end(run)

    assert [item["content"] for item in model.requests[1].history] == ["I am usr_ada", "hi"]
    assert len(calls) == 1  # later attempts use the journaled input


async def test_tags_and_hidden_context_are_converted_by_the_adopter(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    hidden: list[str] = []

    async def convert_hidden(item: HiddenContextItem) -> Any:
        hidden.append(str(item.content))
        return {"role": "user", "content": f"hidden: {item.content}"}

    async def convert_tag(tag: UserMessageTagContent) -> Any:
        return {"type": "input_text", "text": f"tag: {tag.id}"}

    register(
        assistant=Assistant(
            agent=Agent(name="Plain"),
            hidden_context_to_input=convert_hidden,
            tag_to_input=convert_tag,
        )
    )
    model.answer(Say("Hello"))
    model.answer(Say("Again"))
    await chat.start_worker(factory=FACTORY)
    tag = {"type": "input_tag", "id": "ada", "text": "Ada", "data": {}, "interactive": False}
    run = await chat.request(message_with({}, tag))
    await chat.wait_for_end(run)
    note = HiddenContextItem(
        id=new_id("msg"), thread_id=run.thread_id, created_at=utc_now(), content="VIP"
    )
    await chat.store.add_thread_item(run.thread_id, note, chat.context)

    await chat.ask("again", run.thread_id)

    assert "tag: ada" in str(model.requests[0].history)
    assert "hidden: VIP" in str(model.requests[1].history)
    assert hidden == ["VIP"]


@pytest.mark.parametrize("allows", [True, False])
async def test_stream_options_tell_whether_an_answer_can_be_stopped(
    chat: Chat, model: ScriptedModelServer, register: Register, allows: bool
) -> None:
    register(assistant=Assistant(agent=Agent(name="Plain"), allow_cancel=allows))
    model.answer(Say("Hello"))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("hi")

    (options,) = [event for event in await chat.events(run) if event.type == "stream_options"]
    assert options.stream_options.allow_cancel is allows


async def test_async_title_is_made_beside_the_answer(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    started = asyncio.Event()
    gate = Gate()

    async def make_title(_message: UserMessageItem) -> str:
        started.set()
        return "A fine title"

    register(assistant=Assistant(agent=Agent(name="Plain"), title_of=make_title))
    model.answer(gate, Say("Hello"))
    await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "hi")

    await asyncio.wait_for(started.wait(), 10)
    gate.open()
    await chat.wait_for_end(run)

    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.title == "A fine title"


async def test_takeover_does_not_repeat_a_finished_title(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    namer = Agent[Any](name="Namer", model="namer")
    titles: list[str] = []

    async def make_title(_message: UserMessageItem) -> str:
        titles.append((await Runner.run(namer, "Name it.")).final_output_as(str))
        return titles[-1]

    def answer(request: ModelRequest) -> ScriptedResponse:
        is_title = request.body["model"] == "namer"
        return ScriptedResponse((Say("A fine title"),) if is_title else (Say("Hello", gate),))

    gate = Gate()
    register(assistant=Assistant(agent=Agent(name="Plain"), title_of=make_title))
    model.otherwise = answer
    first = await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_steps(run, "step/title/0"))

    await first.aclose(0)
    gate.open()
    await chat.start_worker(factory=FACTORY)

    assert await chat.wait_for_end(run) == "completed"
    assert titles == ["A fine title"]
    asked = [request.body["model"] for request in model.requests]
    assert sorted(asked) == ["namer", "scripted", "scripted"]
    assert (await chat.store.load_thread(run.thread_id, chat.context)).title == "A fine title"


async def test_failed_title_is_derived_from_the_message(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    async def make_title(_message: UserMessageItem) -> str:
        msg = "no title today"
        raise RuntimeError(msg)

    register(assistant=Assistant(agent=Agent(name="Plain"), title_of=make_title))
    model.answer(Say("Hello"))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("what a day")

    assert await chat.wait_for_end(run) == "completed"
    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.title == "What a day"


async def test_unfinished_title_does_not_delay_a_cancelled_run(
    chat: Chat,
    model: ScriptedModelServer,
    register: Register,
    running: Callable[[], Any],
) -> None:
    gate = Gate()

    async def make_title(_message: UserMessageItem) -> str:
        await asyncio.Event().wait()
        return "Never"

    register(assistant=Assistant(agent=Agent(name="Plain"), title_of=make_title))
    model.answer(Say("Hello", gate))
    await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "what a day")
    await wait_until(lambda: chat.has_text(run, "Hello"))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.title == "What a day"
    assert not [name for name in running() if "ThreadTitle" in name]


async def test_streamed_action_runs_an_agent(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    agent = Agent[Any](name="Plain")

    async def handle_action(
        action: Action[str, Any], _sender: WidgetItem | None, run: RunContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield ProgressUpdateEvent(text="working")
        result = Runner.run_streamed(agent, f"clicked {action.payload}", context=run)
        async for event in stream_agent_response(run, result):
            yield event

    register(assistant=Assistant(agent=agent, handle_action=handle_action))
    model.answer(Say("Hello"))
    model.answer(Say("You ", "clicked."))
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("hi")

    click = await chat.request(
        {
            "type": "threads.custom_action",
            "params": {"thread_id": run.thread_id, "action": {"type": "go", "payload": 7}},
        }
    )

    assert await chat.wait_for_end(click) == "completed"
    events = await chat.events(click)
    assert "progress_update" in [event.type for event in events]
    assert "".join(deltas(events)) == "You clicked."
    assert (await chat.texts(run))[-1] == "You clicked."
    assert "clicked 7" in str(model.requests[1].history)


async def test_remark_of_a_structured_agent_beside_a_call_is_shown_as_it_is(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    agent = Agent[Any](name="Weather", output_type=Weather)
    helper = Agent[Any](name="Helper", handoffs=[agent])
    register(assistant=Assistant(agent=helper))
    model.answer(Say("I ask Weather."), Call("transfer_to_weather"))
    model.answer(Say('{"city":"Oslo","degrees":7,"is_sunny":false}'))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("weather?")

    assert (await chat.texts(run))[1:] == [
        "I ask Weather.",
        "- **City:** Oslo\n- **Degrees:** 7\n- **Is sunny:** no",
    ]


def message_with(options: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a new thread with inference options and further content."""
    return {
        "type": "threads.create",
        "params": {
            "input": {
                "content": [{"type": "input_text", "text": "hi"}, *parts],
                "attachments": [],
                "inference_options": options,
            }
        },
    }
