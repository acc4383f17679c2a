"""From sign-up to a task in the database, with the offline assistant."""

import json

import asyncpg
from chatkit.types import ThreadStreamEvent
from pydantic import TypeAdapter

from stack_kit import SignUp, Stack

EVENT = TypeAdapter(ThreadStreamEvent)


async def test_new_user_adds_a_task_by_message(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    answer = await ada.ask("add buy milk tomorrow at 5pm")

    assert answer.ended == "completed"
    assert len(answer.deltas) > 1
    assert "".join(answer.deltas) == answer.text
    (task,) = await ada.tasks()
    assert (task["title"], task["number"]) == ("Buy milk", 1) or task["title"] == "buy milk"
    assert task["due"]["timezone"] == "Europe/Berlin"


async def test_task_is_stored_in_the_tasks_database(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    await ada.ask("add buy milk")

    admin = stack.state["postgres"]["url"].rsplit("/", 1)[0]
    connection = await asyncpg.connect(f"{admin}/tasks")
    rows = await connection.fetch("SELECT title FROM tasks WHERE user_id = $1", ada.user_id)
    await connection.close()

    assert [row["title"].lower() for row in rows] == ["buy milk"]


async def test_every_event_is_a_valid_chatkit_type(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    first = await ada.ask("add milk, eggs and bread to my shopping list")
    second = await ada.ask("what's on my list?", first.thread_id)

    for event in [*first.events, *second.events]:
        EVENT.validate_python(event)
    assert [event["type"] for event in first.events][:3] == [
        "thread.created",
        "thread.item.done",
        "stream_options",
    ]
    kinds = {event["type"] for event in [*first.events, *second.events]}
    assert {"progress_update", "client_effect", "thread.updated"} <= kinds
    assert "widget" in {item["type"] for item in second.items}
    created = first.events[0]["thread"]["created_at"]
    assert created.endswith("Z")


async def test_conversation_survives_a_reload(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    answer = await ada.ask("add buy milk")

    threads = (await ada.chatkit("threads.list", {"limit": 10})).json()
    thread = (await ada.chatkit("threads.get_by_id", {"thread_id": answer.thread_id})).json()

    assert [entry["id"] for entry in threads["data"]] == [answer.thread_id]
    assert thread["title"]
    assert [item["id"] for item in thread["items"]["data"]] == [item["id"] for item in answer.items]


async def test_follow_up_refers_to_earlier_messages(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    first = await ada.ask("add buy milk")

    second = await ada.ask("complete it", first.thread_id)

    assert second.ended == "completed"
    (task,) = await ada.tasks(status="completed")
    assert task["title"].lower() == "buy milk"


async def test_simple_form_streams_text_lines_and_done(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    async with ada.stream({"message": "add buy milk"}, resumable=False) as stream:
        body = await stream.response.aread()

    lines = body.decode().split("\n\n")
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert lines[-2:] == ["data: [DONE]", ""]
    frames = [json.loads(line.removeprefix("data: ")) for line in lines[:-2] if line[0] != ":"]
    assert {frame["type"] for frame in frames} == {"text"}
    assert all(line.startswith('data: {"type":"text","content":"') for line in lines[:-2])
    assert "milk" in "".join(frame["content"] for frame in frames).lower()
    conversation_id = int(stream.response.headers["x-conversation-id"])

    follow_up = {"message": "complete it", "conversation_id": conversation_id}
    async with ada.stream(follow_up, resumable=False) as stream:
        await stream.response.aread()
    assert int(stream.response.headers["x-conversation-id"]) == conversation_id
    assert [task["title"].lower() for task in await ada.tasks(status="completed")] == ["buy milk"]


async def test_unknown_conversation_is_refused_before_the_stream(
    stack: Stack, sign_up: SignUp
) -> None:
    ada = await sign_up(stack)

    async with ada.stream({"message": "hi", "conversation_id": 99}) as stream:
        assert stream.response.status_code == 404
        assert stream.response.headers["content-type"] == "application/problem+json"
