"""Everything a model produces reaches viewers and the store: reasoning, hosted tools, images."""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    ImageGenerationTool,
    RunContextWrapper,
    Runner,
    Tool,
    function_tool,
    output_guardrail,
)
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.server import ChatKitServer
from chatkit.store import Store
from chatkit.types import (
    ClientEffectEvent,
    CustomTask,
    DurationSummary,
    GeneratedImageItem,
    SearchTask,
    ThoughtTask,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WorkflowItem,
)
from crash_kit import Crash, take_over
from worker_kit import Chat, Register

from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_script import Part
from todochat.testing.model_server import (
    Call,
    Draw,
    Gate,
    HostedCall,
    ModelRequest,
    Refuse,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
    Think,
)
from todochat.testing.sample_files import PNG

FACTORY = "adopter:create_agent"
GUARDED = "adopter:create_guarded_agent"
SERVER = "adopter:PlainServer"
SEARCH = {
    "type": "web_search_call",
    "action": {
        "type": "search",
        "query": "milk prices",
        "queries": ["milk prices"],
        "sources": [{"type": "url", "url": "https://example.com/milk"}],
    },
}
FILES = {
    "type": "file_search_call",
    "queries": ["prices"],
    "results": [{"file_id": "f1", "filename": "prices.pdf", "score": 1, "text": "..."}],
}
CODE = {"type": "code_interpreter_call", "code": "1+1", "container_id": "c1", "outputs": None}
MCP = {"type": "mcp_call", "server_label": "shop", "name": "find_price", "arguments": "{}"}

CITATIONS: list[dict[str, Any]] = [
    {
        "type": "url_citation",
        "url": "https://example.com/milk",
        "title": "About milk",
        "start_index": 0,
        "end_index": 4,
    },
    {"type": "file_citation", "file_id": "f1", "filename": "About milk", "index": 4},
    {
        "type": "container_file_citation",
        "container_id": "c1",
        "file_id": "f1",
        "filename": "About milk",
        "start_index": 0,
        "end_index": 4,
    },
]


def picture(number: int) -> str:
    """Return a distinct image in base64."""
    return base64.b64encode(PNG + bytes([number])).decode()


@function_tool
async def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is white"


@function_tool
async def celebrate(context: RunContextWrapper[RunContext]) -> str:
    """Celebrate."""
    await context.context.stream(ClientEffectEvent(name="confetti", data={}))
    return "celebrated"


def create_agent(environment: AgentEnvironment) -> Agent[Any]:
    tools: list[Tool] = [look_up, celebrate]
    if environment.settings.api == "responses":
        tools.append(ImageGenerationTool({"type": "image_generation", "partial_images": 2}))
    return Agent(name="Draughtsman", model=environment.model, tools=tools)


@output_guardrail
async def keep_secret(_context: Any, _agent: Any, output: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="secret" in str(output))


def create_guarded_agent(environment: AgentEnvironment) -> Agent[Any]:
    return create_agent(environment).clone(output_guardrails=[keep_secret])


class PlainServer(ChatKitServer[Any]):
    """A server as in openai-chatkit's documentation: all converters are the default ones."""

    agent = Agent[Any](name="Plain", tools=[look_up], output_guardrails=[keep_secret])

    def __init__(self, store: Store[Any]) -> None:
        super().__init__(store)

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        page = await self.store.load_thread_items(thread.id, None, 20, "asc", context)
        agent_context = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(
            self.agent,
            await simple_to_agent_input(page.data),
            context=agent_context,
        )
        async for event in stream_agent_response(agent_context, result):
            yield event


@pytest.fixture(autouse=True)
def entry_points(register: Register) -> None:
    register(
        create_agent=create_agent,
        create_guarded_agent=create_guarded_agent,
        PlainServer=PlainServer,
    )


async def viewed(chat: Chat, run: AcceptedRun) -> list[Any]:
    """Return the finished items that a viewer has, oldest first."""
    shown: dict[str, Any] = {}
    for event in await chat.events(run):
        match event.type:
            case "thread.item.done":
                shown[event.item.id] = event.item
            case "thread.item.removed":
                shown.pop(event.item_id, None)
    return sorted(shown.values(), key=lambda item: item.created_at)


async def stored(chat: Chat, run: AcceptedRun) -> list[Any]:
    """Return the stored items that are visible to clients."""
    hidden = {"hidden_context_item", "sdk_hidden_context"}
    return [item for item in await chat.items(run) if item.type not in hidden]


def unsigned(items: list[Any]) -> list[Any]:
    """Return items as JSON without the signatures of links, which are never stored."""
    plain = [item.model_dump(mode="json") for item in items]
    for item in plain:
        if item["type"] == "generated_image" and item["image"]:
            item["image"]["url"] = item["image"]["url"].partition("?")[0]
    return plain


async def workflow_of(chat: Chat, run: AcceptedRun) -> WorkflowItem:
    (item,) = [item for item in await stored(chat, run) if isinstance(item, WorkflowItem)]
    return item


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_is_shown_folded_before_its_answer(
    chat: Chat, model: ScriptedModelServer, wire: str, field: Any
) -> None:
    model.answer(Think("The user ", "wants milk.", field=field), Say("Which milk?"))
    await chat.start_worker(api=wire)

    run = await chat.ask("milk")

    items = await stored(chat, run)
    assert [item.type for item in items] == ["user_message", "workflow", "assistant_message"]
    workflow = items[1].workflow
    assert (workflow.type, workflow.expanded) == ("reasoning", False)
    assert workflow.tasks == [ThoughtTask(content="The user wants milk.")]
    assert isinstance(workflow.summary, DurationSummary)
    assert await viewed(chat, run) == items


async def test_reasoning_is_hidden_if_configured(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Think("The user wants milk."), Say("Which milk?"))
    await chat.start_worker(api=wire, show_reasoning="none")

    run = await chat.ask("milk")

    assert [item.type for item in await stored(chat, run)] == ["user_message", "assistant_message"]
    assert "wants milk" not in str(await chat.events(run))


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thoughts_of_several_answers_share_a_workflow(
    chat: Chat, model: ScriptedModelServer, wire: str, field: Any
) -> None:
    model.answer(Think("I should look it up.", field=field), Call("look_up", {"word": "milk"}))
    model.answer(Think("It is white.", field=field), Say("Milk is white."))
    await chat.start_worker(api=wire, factory=FACTORY)

    run = await chat.ask("what is milk?")

    workflow = (await workflow_of(chat, run)).workflow
    thoughts = [task.content for task in workflow.tasks if isinstance(task, ThoughtTask)]
    assert thoughts == ["I should look it up.", "It is white."]
    assert await viewed(chat, run) == await stored(chat, run)


async def test_long_thought_costs_a_multiple_of_its_length(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    """openai-chatkit repeats the whole thought in each update."""
    chunks = ["word "] * 4000
    model.answer(Think(*chunks), Say("Done."))
    await chat.start_worker(api=wire)

    run = await chat.ask("think")

    (task,) = (await workflow_of(chat, run)).workflow.tasks
    assert isinstance(task, ThoughtTask)
    assert task.content == "".join(chunks)
    size = sum(len(frame.data or b"") for frame in await chat.frames(run))
    assert size < 15 * len(task.content)


async def test_reasoning_is_done_only_after_its_answer_is_journaled(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Think("The user wants milk. " * 5), Say("Which", gate, " milk?"))
    await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "milk")
    await wait_until(lambda: chat.has_text(run, "Which"))

    events = await chat.events(run)

    assert "The user wants milk." in str(events)
    assert not [e for e in events if e.type == "thread.item.done" and e.item.type == "workflow"]
    gate.open()
    assert await chat.wait_for_end(run) == "completed"
    assert await viewed(chat, run) == await stored(chat, run)


async def test_reasoning_of_a_cancelled_answer_is_kept(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Think("The user wants milk. " * 5, gate), Say("Which milk?"))
    await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "milk")
    await wait_until(lambda: _has_thought(chat, run))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    (task,) = (await workflow_of(chat, run)).workflow.tasks
    assert "wants milk" in str(task)
    assert await viewed(chat, run) == await stored(chat, run)


async def _has_thought(chat: Chat, run: AcceptedRun) -> bool:
    return "wants milk" in str(await chat.events(run))


async def test_reasoning_alone_is_no_answer(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Think("The answer is milk."))
    await chat.start_worker(api=wire)

    run = await chat.ask("milk")

    assert (await chat.row(run))["error"] == "model-empty"


async def test_effect_alone_is_an_answer(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Call("celebrate"))
    model.answer()
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("celebrate")

    assert await chat.wait_for_end(run) == "completed"


@pytest.mark.parametrize(
    ("call", "loading", "complete"),
    [
        (
            SEARCH,
            {"type": "web_search", "title_query": "milk prices"},
            {"queries": ["milk prices"], "title_query": "milk prices"},
        ),
        (FILES, {"type": "file", "title": "prices"}, {"title": "prices"}),
        (CODE, {"type": "custom", "title": "Running code"}, {"title": "Ran code"}),
        (MCP, {"type": "custom", "title": "shop: find price"}, {"title": "shop: find price"}),
    ],
    ids=lambda value: value.get("type", "") if isinstance(value, dict) else "",
)
async def test_hosted_tool_is_shown_while_it_runs_and_afterwards(
    chat: Chat,
    model: ScriptedModelServer,
    call: dict[str, Any],
    loading: dict[str, Any],
    complete: dict[str, Any],
) -> None:
    gate = Gate()
    model.answer(Think("I need data."), HostedCall(call, gate), Say("It costs 1."))
    await chat.start_worker()
    run = await chat.say_until(gate, "how much?")
    await wait_until(lambda: _has_status(chat, run, "loading"))
    shown = [task for task in await _tasks(chat, run) if task["status_indicator"] == "loading"]

    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    assert loading.items() <= shown[0].items()
    thought, task = (await workflow_of(chat, run)).workflow.tasks
    assert isinstance(thought, ThoughtTask)
    assert complete.items() <= task.model_dump().items()
    assert task.status_indicator == "complete"
    assert await viewed(chat, run) == await stored(chat, run)


async def _tasks(chat: Chat, run: AcceptedRun) -> list[dict[str, Any]]:
    updates = [e.update for e in await chat.events(run) if e.type == "thread.item.updated"]
    return [update.task.model_dump() for update in updates if hasattr(update, "task")]


async def _has_status(chat: Chat, run: AcceptedRun, status: str) -> bool:
    return any(task["status_indicator"] == status for task in await _tasks(chat, run))


async def test_sources_of_searches_are_links(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(HostedCall(SEARCH), Say("It costs 1."))
    await chat.start_worker()

    run = await chat.ask("how much?")

    (task,) = (await workflow_of(chat, run)).workflow.tasks
    assert isinstance(task, SearchTask)
    assert [source.url for source in task.sources] == ["https://example.com/milk"]


async def test_failed_hosted_call_is_not_shown_as_complete(
    chat: Chat, model: ScriptedModelServer
) -> None:
    model.answer(HostedCall({**CODE, "status": "failed"}), Say("That didn't work."))
    await chat.start_worker()

    run = await chat.ask("count")

    (task,) = (await workflow_of(chat, run)).workflow.tasks
    assert isinstance(task, CustomTask)
    assert task.status_indicator == "none"


@pytest.mark.parametrize("citation", CITATIONS, ids=lambda citation: citation["type"])
async def test_citation_is_a_source_of_the_stored_answer(
    chat: Chat, model: ScriptedModelServer, citation: dict[str, Any], wire: str
) -> None:
    is_supported = wire == "responses" or citation["type"] == "url_citation"
    model.answer(Say("Milk is white.", citations=[citation]))
    await chat.start_worker(api=wire)

    run = await chat.ask("what is milk?")

    (message,) = [i for i in await stored(chat, run) if i.type == "assistant_message"]
    titles = [annotation.source.title for annotation in message.content[0].annotations]
    assert titles == (["About milk"] if is_supported else [])
    assert await viewed(chat, run) == await stored(chat, run)


async def test_image_streams_as_links_and_is_stored_once(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Draw(picture(9), [picture(1), gate, picture(2)]), Say("Here you are."))
    await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "draw milk")
    await wait_until(lambda: _has_preview(chat, run))
    (preview,) = await _previews(chat, run)

    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    assert "/chat/attachments/atc_" in preview.image.url
    assert preview.progress == 0
    items = await stored(chat, run)
    assert [item.type for item in items] == ["user_message", "generated_image", "assistant_message"]
    assert unsigned(await viewed(chat, run)) == unsigned(items)
    everything = str(await chat.events(run)) + str(items)
    assert picture(9) not in everything
    assert picture(1) not in everything
    assert await chat.files() == [PNG + b"\x09"]
    assert picture(9) not in await chat.journal_text(run)


async def _previews(chat: Chat, run: AcceptedRun) -> list[Any]:
    events = await chat.events(run)
    updates = [e.update for e in events if e.type == "thread.item.updated"]
    return [update for update in updates if update.type == "generated_image.updated"]


async def _has_preview(chat: Chat, run: AcceptedRun) -> bool:
    return bool(await _previews(chat, run))


async def test_image_alone_is_an_answer(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Draw(picture(9)))
    model.answer()
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("draw milk")

    assert await chat.wait_for_end(run) == "completed"
    assert any(isinstance(item, GeneratedImageItem) for item in await stored(chat, run))


@pytest.mark.parametrize("factory", [FACTORY, SERVER])
async def test_image_is_input_of_the_next_turn(
    chat: Chat, model: ScriptedModelServer, factory: str
) -> None:
    model.answer(Draw(picture(9)), Say("Here you are."))
    model.answer(Say("It is white."))
    await chat.start_worker(factory=factory)
    run = await chat.ask("draw milk")

    await chat.ask("which colour is it?", run.thread_id)

    parts = [part for entry in model.requests[-1].history for part in _parts(entry)]
    images = [part["image_url"] for part in parts if part["type"] == "input_image"]
    assert images == [f"data:image/png;base64,{picture(9)}"]


def _parts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    content = entry.get("content")
    return content if isinstance(content, list) else []


async def test_unusable_image_becomes_a_notice(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Draw(base64.b64encode(b"<svg></svg>").decode()), Say("Here you are."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("draw milk")

    assert await chat.wait_for_end(run) == "completed"
    events = await chat.events(run)
    assert [e.level for e in events if e.type == "notice"] == ["warning"]
    types = [item.type for item in await stored(chat, run)]
    assert types == ["user_message", "assistant_message"]


@pytest.mark.parametrize("factory", [FACTORY, SERVER])
async def test_words_of_a_refusal_are_the_answer(
    chat: Chat, model: ScriptedModelServer, factory: str
) -> None:
    model.answer(Think("That is secret."), Refuse("I won't tell."))
    await chat.start_worker(factory=factory)

    run = await chat.ask("tell me")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["tell me", "I won't tell."]
    assert await viewed(chat, run) == await stored(chat, run)
    assert not any(event.type == "error" for event in await chat.events(run))


@pytest.mark.parametrize("factory", [GUARDED, SERVER])
async def test_tripwire_removes_all_items_of_the_answer(
    chat: Chat, model: ScriptedModelServer, factory: str
) -> None:
    for answer in TURNS["refused"]:
        model.answer(*answer)
    await chat.start_worker(factory=factory)

    run = await chat.ask("tell me")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["tell me", "I can't help with that."]
    assert [item.type for item in await stored(chat, run)] == ["user_message", "assistant_message"]
    assert await viewed(chat, run) == await stored(chat, run)
    assert not any(event.type == "error" for event in await chat.events(run))


async def test_image_is_deleted_with_its_thread(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Draw(picture(9)), Say("Here you are."))
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("draw milk")
    assert await chat.files() == [PNG + b"\x09"]

    await chat.store.delete_thread(run.thread_id, chat.context)

    assert await chat.files() == []


TURNS: dict[str, list[tuple[Part, ...]]] = {
    "reasoning": [
        (Think("I should look it up. " * 3), Call("look_up", {"word": "milk"})),
        (Think("It is white. " * 5), Say("Milk ", "is white.")),
    ],
    "hosted": [(Think("Search. " * 8), HostedCall(SEARCH), HostedCall(CODE), Say("It costs 1."))],
    "image": [
        (Think("I draw. " * 8), Draw(picture(9), [picture(1)]), Call("look_up", {"word": "x"})),
        (Say("Here you are."),),
    ],
    "refused": [
        (Think("I should look it up. " * 3), Call("look_up", {"word": "milk"})),
        (Think("It is white. " * 5), Draw(picture(9)), Say("This is ", "secret.")),
    ],
}


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Crash:
    """Crashes at fault points."""
    return Crash(monkeypatch)


@pytest.mark.parametrize(
    ("turn", "factory"),
    [
        pytest.param("reasoning", FACTORY, marks=pytest.mark.slow),
        pytest.param("reasoning", SERVER, marks=pytest.mark.slow),
        pytest.param("hosted", FACTORY, marks=pytest.mark.slow),
        pytest.param("hosted", SERVER, marks=pytest.mark.slow),
        pytest.param("image", FACTORY, marks=pytest.mark.slow),
        ("refused", GUARDED),
        pytest.param("image", SERVER, marks=pytest.mark.slow),
    ],
)
async def test_items_are_the_same_after_a_crash_at_any_point(
    chat: Chat, model: ScriptedModelServer, crash: Crash, turn: str, factory: str
) -> None:
    worker = await chat.start_worker(factory=factory)
    model.otherwise = lambda request: ScriptedResponse(TURNS[turn][_count_results(request)])

    async def has_stopped(run: AcceptedRun) -> bool:
        is_closed = (await chat.row(run))["closed_at"] is not None
        return not worker.active and (crash.has_happened or is_closed)

    async def drive(at: int | None) -> list[Any]:
        model.requests.clear()
        crash.arm(at)
        run = await chat.say("go")
        if at is not None:
            # A tripwire races the answer, so a turn may pass fewer points and end before the crash.
            await wait_until(lambda: has_stopped(run), 30)
            await take_over(chat, run)
        await chat.wait_for_end(run)
        items = await stored(chat, run)
        assert unsigned(await viewed(chat, run)) == unsigned(items), (at, crash.passages)
        assert (await chat.row(run))["error"] is None
        assert len(model.requests) <= len(TURNS[turn]) + 1, (at, crash.passages)
        return items

    clean = _outline(await drive(None))
    points = len(crash.passages)

    for at in range(points):
        assert _outline(await drive(at)) == clean, (at, crash.passages)


def _count_results(request: ModelRequest) -> int:
    """Return the number of the answer that a request asks for."""
    return sum(item.get("type") == "function_call_output" for item in request.history)


def _outline(items: list[Any]) -> list[Any]:
    """Return what the items of a turn show, without ids, times and durations."""
    outline: list[Callable[[], Any] | Any] = []
    for item in items:
        match item.type:
            case "workflow":
                outline.append([task.model_dump() for task in item.workflow.tasks])
            case "generated_image":
                outline.append(item.type)
            case _:
                outline.append([part.text for part in item.content])
    return outline
