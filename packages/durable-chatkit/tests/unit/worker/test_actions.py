"""Actions with an adopter's handler: streamed and synchronous, each executed once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from agents import Agent
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import ClientEffectEvent, NoticeEvent, WidgetItem
from chatkit.widgets import DynamicWidgetRoot
from sqlalchemy import text
from worker_kit import Chat, Register

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.call_scope import current_tool_call
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.app import create_app
from todochat.bus.keys import log_key
from todochat.contracts.runs import AcceptedRun
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.ids import new_id
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer

USER = "usr_ada"
DONE: list[tuple[str, Any, str]] = []
WAITING: dict[str, asyncio.Event] = {}
TOGETHER: dict[str, asyncio.Barrier] = {}


def card(line: str) -> DynamicWidgetRoot:
    return DynamicWidgetRoot.model_validate(
        {"type": "Card", "children": [{"type": "Text", "value": line}]}
    )


def add_line(line: str) -> Callable[[WidgetItem], WidgetItem]:
    """Return the change that adds a line to a card."""

    def change(item: WidgetItem) -> WidgetItem:
        root = item.widget.model_dump()
        root["children"].append({"type": "Text", "value": line})
        return item.model_copy(update={"widget": DynamicWidgetRoot.model_validate(root)})

    return change


def lines(item: Any) -> list[str]:
    root = item if isinstance(item, dict) else item.widget.model_dump()
    return [child["value"] for child in root["children"]]


async def handle_action(
    action: Action[str, Any], sender: WidgetItem | None, run: RunContext
) -> None:
    call = current_tool_call()
    assert call is not None
    DONE.append((action.type, action.payload, call.idempotency_key))
    match action.type:
        case "card.show":
            await run.stream_widget(card("first"))
        case "line.together" if sender is not None:
            await asyncio.wait_for(TOGETHER["all"].wait(), 10)
            await run.update_widget(sender.id, add_line(action.payload))
        case "line.add" if sender is not None:
            await run.update_widget(sender.id, add_line(action.payload))
            await run.stream(ClientEffectEvent(name="lines.changed"))
            await run.stream(NoticeEvent(level="info", message="added"))
        case "wait":
            await WAITING.setdefault("go", asyncio.Event()).wait()
        case "refuse":
            msg = "Not on a Monday."
            raise CustomStreamError(msg, allow_retry=False)
        case _:
            msg = "the handler's own mistake"
            raise RuntimeError(msg)


def create(environment: AgentEnvironment) -> Assistant:
    agent: Agent[RunContext] = Agent(name="Cards", model=environment.model)
    return Assistant(agent=agent, handle_action=handle_action, title_of=lambda _: "Cards")


@pytest.fixture(autouse=True)
def entry_point(register: Register) -> None:
    DONE.clear()
    WAITING.clear()
    register(create=create)


def action_body(
    run: Any, kind: str, payload: Any = None, item_id: str | None = None, *, sync: bool = False
) -> dict[str, Any]:
    return {
        "type": "threads.sync_custom_action" if sync else "threads.custom_action",
        "params": {
            "thread_id": run.thread_id,
            "item_id": item_id,
            "action": {"type": kind, "payload": payload},
        },
    }


async def act(chat: Chat, run: AcceptedRun, kind: str, *args: Any) -> Any:
    """Run an action to its end and return its run."""
    acted = await chat.request(action_body(run, kind, *args))
    await chat.wait_for_end(acted)
    return acted


async def card_of(chat: Chat, run: AcceptedRun) -> WidgetItem:
    (found,) = [item for item in await chat.items(run) if item.type == "widget"]
    assert isinstance(found, WidgetItem)
    return found


@pytest_asyncio.fixture
async def shown(chat: Chat, model: ScriptedModelServer) -> Any:
    """A worker, and a thread with a card."""
    model.answer(Say("hello"))
    await chat.start_worker(factory="adopter:create")
    run = await chat.ask("hi")
    await act(chat, run, "card.show")
    DONE.clear()
    return run


@pytest_asyncio.fixture
async def post(chat: Chat) -> AsyncIterator[Callable[..., Any]]:
    """Post to the API like the gateway, in the worker's event loop."""
    tokens = ServiceTokens.from_settings(chat.settings, *Arrow)
    app: Any = create_app(chat.settings)  # httpx supports fewer scope types
    is_up, is_over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            is_up.set()
            await is_over.wait()

    api = asyncio.create_task(live())
    await is_up.wait()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://api"
    ) as client:

        async def do_post(body: Any, user: str = USER, **headers: str) -> Any:
            token = tokens.mint(Arrow.GATEWAY_TO_AGENT, user)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            named["Authorization"] = f"Bearer {token}"
            return await client.post("/internal/chatkit", json=body, headers=named)

        yield do_post
    is_over.set()
    await api


async def test_action_updates_its_widget_in_place(chat: Chat, shown: Any) -> None:
    widget = await card_of(chat, shown)

    acted = await act(chat, shown, "line.add", "second", widget.id)

    events = await chat.events(acted)
    (update,) = [event for event in events if event.type == "thread.item.updated"]
    assert update.item_id == widget.id
    assert update.update.type == "widget.root.updated"
    assert lines(update.update.widget.model_dump()) == ["first", "second"]
    assert [event.name for event in events if event.type == "client_effect"] == ["lines.changed"]
    assert [event.message for event in events if event.type == "notice"] == ["added"]
    stored = await card_of(chat, shown)
    assert lines(stored) == ["first", "second"]
    assert stored.created_at == widget.created_at
    (done,) = DONE
    assert done == ("line.add", "second", f"{acted.run_id}:0:0")


async def test_action_calls_no_model(chat: Chat, shown: Any, model: ScriptedModelServer) -> None:
    await act(chat, shown, "line.add", "second", (await card_of(chat, shown)).id)

    assert len(model.requests) == 1
    assert (await chat.store.load_thread(shown.thread_id, chat.context)).title == "Cards"


async def test_concurrent_widget_changes_are_all_applied(chat: Chat, shown: Any) -> None:
    item_id = (await card_of(chat, shown)).id

    TOGETHER["all"] = asyncio.Barrier(8)  # all have started before the first change

    runs = [
        await chat.request(action_body(shown, "line.together", f"line {n}", item_id))
        for n in range(8)
    ]
    for run in runs:
        assert await chat.wait_for_end(run) == "completed"

    assert sorted(lines(await card_of(chat, shown))) == [
        "first",
        *(f"line {n}" for n in range(8)),
    ]


async def test_second_attempt_publishes_recorded_action_without_repeating_it(
    chat: Chat, shown: Any
) -> None:
    item_id = (await card_of(chat, shown)).id
    acted = await act(chat, shown, "line.add", "second", item_id)
    before = await chat.events(acted)
    # As if a worker had died before storing the outcome, and Redis had been flushed. The dead worker
    # is not the test's worker, which might just be renewing the lease.
    await chat.redis.delete(log_key(acted.run_id))
    body = msgspec.json.encode(action_body(shown, "line.add", "second", item_id))
    statement = text(
        "UPDATE runs SET status = 'running', closed_at = NULL, ended_at = NULL, request = :body,"
        " worker_id = 'wrk_dead', lease_until = now() - interval '1 s' WHERE run_id = :run_id"
    )
    async with chat.jobs.transaction(None) as session:
        await session.execute(statement, {"body": body, "run_id": acted.run_id})

    assert await chat.wait_for_end(acted) == "completed"

    assert len(DONE) == 1
    assert lines(await card_of(chat, shown)) == ["first", "second"]
    again = [
        event for event in await chat.events(acted) if event.type in {"client_effect", "notice"}
    ]
    assert again == [event for event in before if event.type in {"client_effect", "notice"}]


async def test_refused_action_shows_the_handlers_message(chat: Chat, shown: Any) -> None:
    acted = await act(chat, shown, "refuse")

    (error,) = [event for event in await chat.events(acted) if event.type == "error"]
    assert (error.message, error.allow_retry) == ("Not on a Monday.", False)
    assert (await chat.row(acted))["error"] == "action-refused"


async def test_handler_exception_is_not_shown(chat: Chat, shown: Any) -> None:
    acted = await act(chat, shown, "dance")

    (error,) = [event for event in await chat.events(acted) if event.type == "error"]
    assert error.message is not None
    assert "mistake" not in error.message
    assert (await chat.row(acted))["status"] == "failed"


async def test_hanging_handler_can_be_cancelled(chat: Chat, shown: Any) -> None:
    acted = await chat.request(action_body(shown, "wait"))
    await wait_until(lambda: "go" in WAITING)

    await chat.cancel(acted)

    assert await chat.wait_for_end(acted) == "cancelled"


async def test_action_and_turn_of_one_thread_run_concurrently(
    chat: Chat, shown: Any, model: ScriptedModelServer
) -> None:
    item_id = (await card_of(chat, shown)).id
    gate = Gate()
    model.answer(Say("so", gate, " it is"))
    turn = await chat.say_until(gate, "tell me", shown.thread_id)

    acted = await act(chat, shown, "line.add", "meanwhile", item_id)
    gate.open()

    assert await chat.wait_for_end(turn) == "completed"
    assert (await chat.row(acted))["status"] == "completed"
    assert lines(await card_of(chat, shown)) == ["first", "meanwhile"]
    assert (await chat.texts(shown))[-1] == "so it is"


async def test_sync_action_returns_the_updated_widget(
    chat: Chat, shown: Any, post: Callable[..., Any]
) -> None:
    item_id = (await card_of(chat, shown)).id

    response = await post(action_body(shown, "line.add", "second", item_id, sync=True))

    assert response.status_code == 200
    updated = response.json()["updated_item"]
    assert updated["id"] == item_id
    assert lines(updated["widget"]) == ["first", "second"]
    assert lines(await card_of(chat, shown)) == ["first", "second"]


async def test_repeated_sync_action_runs_once(
    chat: Chat, shown: Any, post: Callable[..., Any]
) -> None:
    body = action_body(shown, "line.add", "second", (await card_of(chat, shown)).id, sync=True)

    first = await post(body, idempotency_key="tick-1")
    again = await post(body, idempotency_key="tick-1")

    assert first.json() == again.json()
    assert len(DONE) == 1


async def test_sync_action_without_widget_returns_none(
    shown: Any, post: Callable[..., Any]
) -> None:
    response = await post(action_body(shown, "card.show", sync=True))

    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("refuse", 409, "action-refused"), ("dance", 503, "action-failed")]
)
async def test_failed_sync_action_returns_a_problem(
    shown: Any, post: Callable[..., Any], kind: str, status: int, code: str
) -> None:
    response = await post(action_body(shown, kind, sync=True))

    assert response.status_code == status
    assert response.json()["type"].endswith(code)


async def test_action_on_other_threads_or_users_widget_is_rejected(
    chat: Chat, shown: Any, model: ScriptedModelServer, post: Callable[..., Any]
) -> None:
    item_id = (await card_of(chat, shown)).id
    model.answer(Say("hello"))
    other = await chat.ask("another thread")

    crossed = await post(action_body(other, "line.add", "x", item_id, sync=True))
    stolen = await post(action_body(shown, "line.add", "x", item_id, sync=True), user=new_id("usr"))

    assert (crossed.status_code, stolen.status_code) == (404, 404)
    assert DONE == []


async def test_action_is_accepted_beside_five_active_runs(
    chat: Chat, shown: Any, model: ScriptedModelServer, post: Callable[..., Any]
) -> None:
    item_id = (await card_of(chat, shown)).id
    gates = [Gate() for _ in range(5)]
    for gate in gates:
        model.answer(Say("so", gate))
    turns = [await post({"message": "hi"}) for _ in gates]
    assert {turn.status_code for turn in turns} == {202}

    response = await post(action_body(shown, "line.add", "second", item_id, sync=True))

    assert (await post({"message": "one more"})).status_code == 429
    assert response.status_code == 200
    for gate in gates:
        gate.open()
