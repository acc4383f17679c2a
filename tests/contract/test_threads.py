"""`threads.get_by_id`, `.update`, `.delete`, and an agent's changes to a thread."""

from typing import Any

import pytest
from chatkit.types import ClosedStatus, LockedStatus

from contract.chat_kit import UNKNOWN_THREAD, Chatter, emit, kinds, script, user_input
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer


def set_thread(**fields: Any) -> Call:
    """Return the call that changes the thread."""
    return Call("set_thread", {"fields": fields})


async def test_thread_is_returned_with_its_items(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)
    turn = await ada.send_message("hello")

    thread = await ada.thread(turn.thread_id)

    assert thread.id == turn.thread_id
    assert thread.items.data == turn.done
    assert (thread.items.has_more, thread.items.after) == (False, None)
    assert thread.status.type == "active"


async def test_renamed_thread_keeps_its_title(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)
    script(model)
    turn = await ada.send_message("hello")

    answer = await ada.fetch("threads.update", thread_id=turn.thread_id, title="Party 🎉")
    await ada.send_message("more", turn.thread_id)

    assert answer["title"] == "Party 🎉"
    assert answer["items"] == {"data": [], "has_more": False}
    assert (await ada.thread(turn.thread_id)).title == "Party 🎉"


async def test_title_set_during_the_first_response_is_kept(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Hel", gate, "lo."))

    async with ada.open("threads.create", input=user_input("hello")) as stream:
        thread_id = stream.response.headers["x-thread-id"]
        await gate.wait_reached()
        await ada.fetch("threads.update", thread_id=thread_id, title="Mine")
        gate.open()
        await stream.rest()

    assert (await ada.thread(thread_id)).title == "Mine"


async def test_title_set_during_an_agents_update_is_kept(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    first = await ada.send_message("hello")
    gate = Gate()
    model.answer(gate, set_thread(metadata={"depth": 3}))
    model.answer(Say("Deep."))
    message = {"thread_id": first.thread_id, "input": user_input("dive")}

    async with ada.open("threads.add_user_message", **message) as stream:
        await gate.wait_reached()
        await ada.fetch("threads.update", thread_id=first.thread_id, title="Mine")
        gate.open()
        events = await stream.rest()

    assert (await ada.thread(first.thread_id)).title == "Mine"
    told = [event["thread"]["title"] for event in events if event["type"] == "thread.updated"]
    assert set(told) <= {"Mine"}
    script(model, Call("read_thread", {}))
    await ada.send_message("how deep?", first.thread_id)
    assert "depth" in str(model.requests[-1].history)


async def test_deleted_thread_returns_404_with_its_items(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    script(model)
    turn = await ada.send_message("hello")
    other = await ada.send_message("hello again")

    assert await ada.fetch("threads.delete", thread_id=turn.thread_id) == {}

    assert [thread.id for thread in (await ada.threads()).data] == [other.thread_id]
    for request in ("threads.get_by_id", "items.list", "threads.delete"):
        assert await ada.refusal(request, thread_id=turn.thread_id) == (404, "not-found")


async def test_deleting_a_thread_ends_its_running_response(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Hel", gate, "lo."))

    async with ada.open("threads.create", input=user_input("hello")) as stream:
        thread_id = stream.response.headers["x-thread-id"]
        await gate.wait_reached()
        await ada.fetch("threads.delete", thread_id=thread_id)
        await stream.rest()

    assert stream.ended == "cancelled"
    assert (await ada.threads()).data == []


@pytest.mark.parametrize(
    "domains", [["example.com"], ["example.com", "cdn.example.org"], []], ids=["one", "two", "none"]
)
async def test_allowed_image_domains_are_streamed_at_once_and_stored(
    ada: Chatter, model: ScriptedModelServer, domains: list[str]
) -> None:
    script(model, set_thread(allowed_image_domains=domains), emit())

    turn = await ada.send_message("show me cats")

    assert turn.thread_updates[0].allowed_image_domains == domains
    assert (await ada.thread(turn.thread_id)).allowed_image_domains == domains
    assert (await ada.threads()).data[0].allowed_image_domains == domains


async def test_agents_title_is_streamed_during_the_response(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    progress = {"type": "progress_update", "text": "..."}
    script(model, set_thread(title="Cats"), emit(progress))

    turn = await ada.send_message("show me cats")

    assert [thread.title for thread in turn.thread_updates] == ["Cats"]
    assert turn.outline.index("thread.updated") < turn.outline.index("done:assistant_message")
    assert (await ada.thread(turn.thread_id)).title == "Cats"


async def test_metadata_is_stored_for_the_agent_and_hidden_from_the_client(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    metadata = {"previous_response_id": "resp_1", "depth": {"n": 3}}
    script(model, set_thread(metadata=metadata))
    script(model, Call("read_thread", {}))
    turn = await ada.send_message("hello")

    second = await ada.send_message("and now?", turn.thread_id)

    assert '"previous_response_id":"resp_1"' in str(model.requests[-1].history).replace("\\", "")
    told = [
        turn.raw,
        second.raw,
        await ada.fetch("threads.get_by_id", thread_id=turn.thread_id),
        await ada.fetch("threads.list"),
        await ada.fetch("threads.update", thread_id=turn.thread_id, title="New"),
    ]
    assert "resp_1" not in str(told)


@pytest.mark.parametrize(
    "status",
    [LockedStatus(reason="Too long."), LockedStatus(), ClosedStatus(reason="Solved.")],
    ids=["locked-reason", "locked", "closed-reason"],
)
async def test_locked_or_closed_thread_reports_it_and_refuses_messages(
    ada: Chatter, model: ScriptedModelServer, status: LockedStatus | ClosedStatus
) -> None:
    script(model, set_thread(status=status.model_dump()))

    turn = await ada.send_message("that's it")

    assert turn.thread_updates[-1].status == status
    thread = await ada.thread(turn.thread_id)
    assert (thread.status, kinds(thread.items)) == (status, ["user_message", "assistant_message"])
    message = thread.items.data[0].id
    asked: dict[str, dict[str, Any]] = {
        "threads.add_user_message": {"input": user_input("one more")},
        "threads.retry_after_item": {"item_id": message},
        "threads.add_client_tool_output": {"result": 1},
    }
    for request, params in asked.items():
        refused = await ada.refusal(request, thread_id=turn.thread_id, **params)
        assert refused == (409, "thread-locked")


async def test_locked_thread_can_be_read_renamed_and_deleted(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, set_thread(status={"type": "locked"}))
    turn = await ada.send_message("that's it")

    renamed = await ada.fetch("threads.update", thread_id=turn.thread_id, title="Old")
    deleted = await ada.fetch("threads.delete", thread_id=turn.thread_id)

    assert renamed["status"] == {"type": "locked"}
    assert deleted == {}


async def test_unknown_thread_is_not_found(eve: Chatter) -> None:
    assert await eve.refusal("threads.get_by_id", thread_id=UNKNOWN_THREAD) == (404, "not-found")
