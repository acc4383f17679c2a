"""An adopter's ChatKitServer on the worker, unchanged."""

from typing import Any

import own_server
import pytest
from agents import GuardrailFunctionOutput, input_guardrail
from crash_kit import Crash
from worker_kit import Chat

from durable_chatkit.hosting.context import TurnContext
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_script import ModelRequest
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer, ScriptedResponse

FACTORY = "own_server:create_chatkit_server"


@pytest.fixture(autouse=True)
def effects() -> list[str]:
    """Effects of the server outside of the chat."""
    own_server.EFFECTS.clear()
    own_server.CONTEXTS.clear()
    return own_server.EFFECTS


class Script:
    """Answers by agent: the requests of an answer and of a title arrive in any order."""

    def __init__(self, model: ScriptedModelServer) -> None:
        self.gardener: list[tuple[Any, ...]] = []
        self.by_results: list[tuple[Any, ...]] = []  # by the number of tool results so far
        self.titles = ["Roses"]
        self.requests: list[str] = []
        model.otherwise = self._answer

    def _answer(self, request: ModelRequest) -> ScriptedResponse:
        name = str(request.body["model"])
        self.requests.append(name)
        if name == "garden-small":
            return ScriptedResponse(parts=(Say(self.titles[0]),))
        if self.by_results:
            results = [i for i in request.history if i.get("type") == "function_call_output"]
            return ScriptedResponse(parts=self.by_results[len(results)])
        return ScriptedResponse(parts=self.gardener.pop(0))


@pytest.fixture
def script(model: ScriptedModelServer) -> Script:
    return Script(model)


async def viewed(chat: Chat, run: AcceptedRun) -> dict[str, Any]:
    """Return a viewer's final items of a run by ID, without the user's message."""
    shown: dict[str, Any] = {}
    for event in await chat.events(run):
        match event.type:
            case "thread.item.added" | "thread.item.done" | "thread.item.replaced":
                shown[event.item.id] = event.item
            case "thread.item.removed":
                shown.pop(event.item_id, None)
    return {key: item for key, item in shown.items() if item.type != "user_message"}


async def stored(chat: Chat, run: AcceptedRun) -> dict[str, Any]:
    hidden = {"hidden_context_item", "sdk_hidden_context", "user_message"}
    return {item.id: item for item in await chat.items(run) if item.type not in hidden}


async def hidden_texts(chat: Chat, run: AcceptedRun) -> list[Any]:
    return [item.content for item in await chat.items(run) if item.type == "hidden_context_item"]


def names(events: list[Any]) -> list[str]:
    return [event.name for event in events if event.type == "client_effect"]


async def test_server_of_the_official_form_responds_unchanged(
    chat: Chat, script: Script, effects: list[str]
) -> None:
    script.gardener += [(Call("plant", {"name": "rose"}),), (Say("A rose is a rose."),)]
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("plant a rose")

    assert await chat.wait_for_end(run) == "completed"
    assert effects == ["planted rose"]
    assert await chat.texts(run) == ["plant a rose", "A rose is a rose.", "Anything else?"]
    assert await viewed(chat, run) == await stored(chat, run)
    assert [item.type for item in (await stored(chat, run)).values()] == [
        "widget",
        "assistant_message",
        "assistant_message",
    ]
    events = await chat.events(run)
    assert [e.text for e in events if e.type == "progress_update"] == ["Thinking", "Planting rose"]
    assert names(events) == ["planted", "answered"]
    assert await hidden_texts(chat, run) == ["<PLANTED>rose</PLANTED>"]
    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.title == "Roses"
    assert [e.thread.title for e in events if e.type == "thread.updated"] == ["Roses"]
    assert all(e.thread.created_at.tzinfo for e in events if e.type == "thread.updated")


async def test_context_names_the_user_and_request(chat: Chat, script: Script) -> None:
    script.gardener.append((Say("Hello."),))
    await chat.start_worker(factory=FACTORY)

    await chat.ask("hi")

    (context,) = own_server.CONTEXTS
    assert isinstance(context, TurnContext)
    assert (context["user_id"], context.locale) == ("usr_ada", "de")
    assert context.timezone == "Europe/Berlin"
    assert context.headers == {}


async def test_later_turn_sees_the_servers_own_items_only(chat: Chat, script: Script) -> None:
    script.gardener += [(Call("plant", {"name": "rose"}),), (Say("Done."),), (Say("A rose."),)]
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("plant a rose")

    await chat.ask("what did you plant?", run.thread_id)

    assert (await chat.texts(run))[-2:] == ["A rose.", "Anything else?"]
    history = str(chat.workers and script.requests)
    assert history.count("garden-small") == 1


async def test_second_attempt_shows_each_item_once(
    chat: Chat, script: Script, effects: list[str]
) -> None:
    gate = Gate()
    script.gardener += [
        (Call("plant", {"name": "rose"}),),
        (Say("A rose", gate),),
        (Say("A rose is a rose."),),
    ]
    first = await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "plant a rose")
    await wait_until(lambda: chat.has_text(run, "A rose"))

    await first.aclose(0)
    await chat.start_worker(factory=FACTORY)

    assert await chat.wait_for_end(run) == "completed"
    assert effects == ["planted rose"]
    assert await chat.texts(run) == ["plant a rose", "A rose is a rose.", "Anything else?"]
    assert await viewed(chat, run) == await stored(chat, run)
    assert names(await chat.events(run)) == ["planted", "answered"]
    assert await hidden_texts(chat, run) == ["<PLANTED>rose</PLANTED>"]
    assert script.requests.count("garden-large") == 3
    assert script.requests.count("garden-small") == 1


async def test_client_tool_call_continues_with_the_browsers_output(
    chat: Chat, script: Script
) -> None:
    script.gardener += [(Call("look_around"),), (Say("You mean the rose."),)]
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("which one?")

    answered = await chat.request(
        {
            "type": "threads.add_client_tool_output",
            "params": {"thread_id": run.thread_id, "result": "rose"},
        }
    )

    assert await chat.wait_for_end(answered) == "completed"
    calls = [item for item in await chat.items(run) if item.type == "client_tool_call"]
    assert [(call.name, call.output) for call in calls] == [("get_selection", "rose")]
    assert "You mean the rose." in await chat.texts(run)


async def test_cancel_keeps_partial_text_and_the_servers_note(chat: Chat, script: Script) -> None:
    gate = Gate()
    script.gardener.append((Say("Once", gate),))
    await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "a story")
    await wait_until(lambda: chat.has_text(run, "Once"))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    assert await chat.texts(run) == ["a story", "Once"]
    assert await viewed(chat, run) == await stored(chat, run)
    notes = [i.content for i in await chat.items(run) if i.type == "sdk_hidden_context"]
    assert notes == ["The user cancelled the stream. Stop responding to the prior request."]
    (partial,) = [i.id for i in await chat.items(run) if i.type == "assistant_message"]
    assert await chat.stopped_after(run) == [partial]


async def test_error_of_the_server_keeps_partial_text(
    chat: Chat, model: ScriptedModelServer, script: Script
) -> None:
    script.gardener.append((Call("plant", {"name": "rose"}),))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("plant a rose")  # the model has no second answer: a 500

    assert await chat.wait_for_end(run) == "failed"
    assert (await chat.events(run))[-1].type == "error"
    assert await viewed(chat, run) == await stored(chat, run)


async def click(
    chat: Chat, run: AcceptedRun, action: str, item_id: str | None = None
) -> AcceptedRun:
    clicked = await chat.request(
        {
            "type": "threads.custom_action",
            "params": {
                "thread_id": run.thread_id,
                "item_id": item_id,
                "action": {"type": action, "payload": {}},
            },
        }
    )
    await chat.wait_for_end(clicked)
    return clicked


def pick(run: AcceptedRun, item_id: str) -> dict[str, Any]:
    return {
        "type": "threads.custom_action",
        "params": {
            "thread_id": run.thread_id,
            "item_id": item_id,
            "action": {"type": "pick", "payload": {}},
        },
    }


async def planted(chat: Chat, script: Script) -> tuple[AcceptedRun, Any]:
    script.gardener += [(Call("plant", {"name": "rose"}),), (Say("Done."),)]
    run = await chat.ask("plant a rose")
    return run, next(i for i in await chat.items(run) if i.type == "widget")


async def test_streamed_action_replaces_its_widget_and_may_call_a_model(
    chat: Chat, script: Script
) -> None:
    await chat.start_worker(factory=FACTORY)
    run, widget = await planted(chat, script)
    script.gardener.append((Say("Picked one."),))

    clicked = await click(chat, run, "pick", widget.id)

    assert await chat.wait_for_end(clicked) == "completed"
    assert (await chat.texts(run))[-2:] == ["Asking the gardener.", "Picked one."]
    changed = await chat.store.load_item(run.thread_id, widget.id, chat.context)
    assert "picked" in changed.model_dump_json()
    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.metadata == {"picked": 1}


async def test_second_attempt_at_an_action_starts_from_the_same_state(
    chat: Chat, script: Script
) -> None:
    first = await chat.start_worker(factory=FACTORY)
    run, widget = await planted(chat, script)
    gate = Gate()
    script.gardener += [(gate, Say("Lost.")), (Say("Picked one."),)]
    clicked = await chat.request(pick(run, widget.id))
    await gate.wait_reached()

    await first.aclose(0)
    await chat.start_worker(factory=FACTORY)

    assert await chat.wait_for_end(clicked) == "completed"
    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.metadata == {"picked": 1}
    assert (await chat.texts(run))[-2:] == ["Asking the gardener.", "Picked one."]


async def test_lost_log_removes_the_item_that_viewers_read_from_the_thread(
    chat: Chat, script: Script
) -> None:
    await chat.start_worker(factory=FACTORY)
    run, widget = await planted(chat, script)
    gate = Gate()
    script.gardener += [(gate, Say("Picked one.")), (Say("Picked one."),)]
    clicked = await chat.request(pick(run, widget.id))
    await gate.wait_reached()
    read = (await chat.items(run))[-1]

    await chat.redis.flushall()
    gate.open()

    assert await chat.wait_for_end(clicked) == "completed"
    assert (await chat.frames(clicked))[0].snapshot
    removed = [e.item_id for e in await chat.events(clicked) if e.type == "thread.item.removed"]
    assert read.id in removed
    assert set(removed).isdisjoint(await stored(chat, run))
    assert (await chat.texts(run))[-2:] == ["Asking the gardener.", "Picked one."]


async def test_updated_widget_is_stored_as_viewers_see_it(chat: Chat, script: Script) -> None:
    await chat.start_worker(factory=FACTORY)
    run, widget = await planted(chat, script)

    await click(chat, run, "water", widget.id)

    changed = await chat.store.load_item(run.thread_id, widget.id, chat.context)
    assert "watered" in changed.model_dump_json()


async def test_refused_action_shows_the_servers_message(chat: Chat, script: Script) -> None:
    await chat.start_worker(factory=FACTORY)
    run, _ = await planted(chat, script)

    clicked = await click(chat, run, "refuse")

    assert (await chat.row(clicked))["error"] == "action-refused"
    error: Any = (await chat.events(clicked))[-1]
    assert (error.message, error.allow_retry) == ("Not in winter.", False)


async def test_tripwire_shows_a_refusal_without_a_retry(
    chat: Chat, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    @input_guardrail
    async def refuse(*_: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    monkeypatch.setattr(own_server.gardener, "input_guardrails", [refuse])
    script.gardener.append((Say("A rose."),))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("how do I poison a rose?")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["how do I poison a rose?", "I can't help with that."]
    assert await viewed(chat, run) == await stored(chat, run)


async def test_action_of_a_server_without_actions_is_refused(
    chat: Chat, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.gardener.append((Say("Hello."),))
    monkeypatch.delattr(own_server.GardenServer, "action")
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("hi")

    clicked = await click(chat, run, "pick")

    assert (await chat.row(clicked))["error"] == "action-refused"
    error: Any = (await chat.events(clicked))[-1]
    assert (error.message, error.allow_retry) == ("This action isn't available here.", False)


@pytest.mark.parametrize("method", ["make_request_context", "get_stream_options"])
async def test_server_that_fails_before_its_response_shows_an_error(
    chat: Chat, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError(method)

    monkeypatch.setattr(own_server.GardenServer, method, fail, raising=False)
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "failed"
    assert [event.type for event in await chat.events(run)] == [
        "thread.created",
        "thread.item.done",
        "error",
    ]
    assert ((await chat.row(run))["error"], (await chat.row(run))["attempt"]) == ("internal", 1)


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Crash:
    """Crashes at fault points."""
    return Crash(monkeypatch)


def outline(items: list[Any]) -> list[Any]:
    """Return what the items of a thread show, without IDs and times."""
    return [
        item.widget.children[0].value
        if item.type == "widget"
        else [part.text for part in item.content]
        if item.type.endswith("_message")
        else item.content
        for item in items
    ]


@pytest.mark.slow
async def test_turn_is_the_same_after_a_crash_at_any_point(
    chat: Chat, script: Script, crash: Crash
) -> None:
    """A call in progress may run twice, with the same key; everything else happens once."""
    worker = await chat.start_worker(factory=FACTORY)

    async def drive(at: int | None) -> tuple[Any, ...]:
        script.by_results = [(Call("plant", {"name": "rose"}),), (Say("A rose ", "is a rose."),)]
        script.requests.clear()
        own_server.KEYS.clear()
        crash.arm(at)
        run = await chat.say("plant a rose")
        if at is not None:
            await wait_until(lambda: crash.has_happened and not worker.active, 30)
            await chat.expire_lease(run)
        assert await chat.wait_for_end(run) == "completed", (at, crash.passages)
        shown = await stored(chat, run)
        assert await viewed(chat, run) == shown, (at, crash.passages)
        events = await chat.events(run)
        thread = await chat.store.load_thread(run.thread_id, chat.context)
        return (
            outline(list(shown.values())),
            names(events),
            thread.title,
            await hidden_texts(chat, run),
        )

    clean = await drive(None)
    points = list(crash.passages)
    assert clean[1] == ["planted", "answered"]

    for at in range(len(points)):
        assert await drive(at) == clean, (at, points)
        assert len(own_server.KEYS) == 1, (at, points)


@pytest.mark.slow
async def test_action_is_the_same_after_a_crash_at_any_point(
    chat: Chat, script: Script, crash: Crash
) -> None:
    worker = await chat.start_worker(factory=FACTORY)

    async def drive(at: int | None) -> Any:
        crash.arm(None)
        script.by_results = []
        run, widget = await planted(chat, script)
        script.gardener.clear()
        script.by_results = [(Say("Picked one."),)]
        crash.arm(at)
        clicked = await chat.request(pick(run, widget.id))
        if at is not None:
            await wait_until(lambda: crash.has_happened and not worker.active, 30)
            await chat.expire_lease(clicked)
        assert await chat.wait_for_end(clicked) == "completed", (at, crash.passages)
        by_id = {item.id: item for item in await chat.items(run)}
        for key, item in (await viewed(chat, clicked)).items():
            assert by_id[key] == item, (at, crash.passages)
        thread = await chat.store.load_thread(run.thread_id, chat.context)
        return outline(list(by_id.values())), thread.metadata

    clean = await drive(None)
    points = list(crash.passages)
    assert clean[1] == {"picked": 1}

    for at in range(len(points)):
        assert await drive(at) == clean, (at, points)
