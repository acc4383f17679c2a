"""An agent's permissions without the user's confirmation, with the real tasks service."""

from typing import Any

import pytest_asyncio

from stack_kit import SignUp, Stack
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import ChatResponse, Person


@pytest_asyncio.fixture(loop_scope="session")
async def ada(model_stack: Stack, sign_up: SignUp) -> Person:
    """A user with seven tasks in a list, and two lists."""
    person = await sign_up(model_stack)
    made = await person.api("POST", "/lists", json={"name": "Work"})
    for title in "abcdefg":
        body = {"title": title, "list_id": made.json()["id"]}
        (await person.api("POST", "/tasks", json=body)).raise_for_status()
    return person


def card_of(answer: ChatResponse) -> dict[str, Any]:
    """Return the question, which is below the card with the turn's Undo."""
    item = [item for item in answer.items if item["type"] == "widget"][-1]
    widget: dict[str, Any] = {**item["widget"], "item_id": item["id"]}
    return widget


def confirmation_of(card: dict[str, Any]) -> dict[str, Any]:
    *_, (_cancel, confirm) = [part["children"] for part in card["children"] if "children" in part]
    action: dict[str, Any] = confirm["onClickAction"]
    return action


async def click(ada: Person, answer: ChatResponse, action: dict[str, Any], item_id: str) -> None:
    """Press a button of a card."""
    params = {"thread_id": answer.thread_id, "item_id": item_id, "action": action}
    async with ada.stream({"type": "threads.custom_action", "params": params}) as stream:
        await stream.rest()
    assert stream.ended == "completed"


async def names(ada: Person) -> tuple[list[str], list[str]]:
    lists = (await ada.api("GET", "/lists")).json()["items"]
    return sorted(task["title"] for task in await ada.tasks()), [each["name"] for each in lists]


async def test_three_changes_apply_and_the_rest_wait_on_one_card(
    model: ScriptedModelServer, ada: Person
) -> None:
    model.answer(
        Call("delete_tasks", {"tasks": [1]}),
        Call("change_tasks", {"tasks": [2], "completed": True}),
        Call("change_tasks", {"tasks": [3], "title": "other"}),
        Call("delete_tasks", {"tasks": [4]}),
    )
    model.answer(
        Call("change_tasks", {"tasks": [5], "completed": True}),
        Call("change_tasks", {"tasks": [6, 7], "completed": True}),
        Call("delete_list", {"list": "Work", "tasks": "delete"}),
        Call("answer_pending", {"confirm": True}),
    )
    model.answer(Say("All of it is done, I promise."))
    before = await names(ada)

    answer = await ada.ask("tidy up")

    assert await names(ada) == (["d", "e", "f", "g", "other"], ["Inbox", "Work"])
    card = card_of(answer)
    assert card["children"][0]["value"] == "Make these 5 changes?"
    assert len(card["children"][1]["children"]) == 5
    assert "3 tasks" in card["children"][2]["value"]

    for _ in range(2):
        await click(ada, answer, confirmation_of(card), card["item_id"])

    assert await names(ada) == ([], ["Inbox"])

    model.answer(Call("undo", {}))
    model.answer(Say("Undone."))
    await ada.ask("undo", answer.thread_id)

    assert await names(ada) == before


async def test_list_is_deleted_by_the_card_and_restored_by_undo(
    model: ScriptedModelServer, ada: Person
) -> None:
    model.answer(Call("delete_list", {"list": "Work", "tasks": "delete"}))
    model.answer(Say("Please confirm."))
    before = await names(ada)
    answer = await ada.ask("delete the work list")
    card = card_of(answer)
    assert await names(ada) == before

    await click(ada, answer, confirmation_of(card), card["item_id"])
    assert await names(ada) == ([], ["Inbox"])

    model.answer(Call("undo", {}))
    model.answer(Say("Undone."))
    await ada.ask("undo", answer.thread_id)

    assert await names(ada) == before


async def test_model_cannot_undo_many_changes_unrequested(
    model: ScriptedModelServer, ada: Person
) -> None:
    model.answer(Call("change_tasks", {"tasks": [1, 2, 3, 4], "completed": True}))
    model.answer(Say("Please confirm."))
    answer = await ada.ask("complete the first four")
    model.answer(Call("answer_pending", {"confirm": True}))
    model.answer(Say("Done."))
    await ada.ask("yes", answer.thread_id)
    assert len(await ada.tasks()) == 3

    model.answer(Call("undo", {}), Call("undo", {}))
    model.answer(Say("It waits."))
    await ada.ask("what a nice day", answer.thread_id)

    assert len(await ada.tasks()) == 3


async def test_turn_is_undone_and_redone_on_its_card(
    model: ScriptedModelServer, ada: Person
) -> None:
    model.answer(
        Call("change_tasks", {"tasks": [1, 2], "completed": True}),
        Call("add_task", {"title": "h"}),
    )
    model.answer(Say("Done."))
    before = await names(ada)
    answer = await ada.ask("complete two, and add h")
    after = await names(ada)
    card = card_of(answer)

    for text, state in (
        ("Added “h”, completed 2 tasks", before),
        ("Undone: 3 tasks are back to their previous state.", after),
        ("Added “h”, completed 2 tasks", before),
    ):
        row = card["children"][0]["children"]
        assert row[0]["value"] == text
        await click(ada, answer, row[-1]["onClickAction"], card["item_id"])
        assert await names(ada) == state
        card = await read_card(ada, answer)

    await click(ada, answer, card["children"][0]["children"][-1]["onClickAction"], card["item_id"])
    for is_done in (False, True):  # at another time than the turn did
        await ada.api("PATCH", "/tasks/1", json={"title": "other", "completed": is_done})
    card = await read_card(ada, answer)
    await click(ada, answer, card["children"][0]["children"][-1]["onClickAction"], card["item_id"])
    card = await read_card(ada, answer)
    assert "“other” was changed again since" in card["children"][1]["value"]


async def read_card(ada: Person, answer: ChatResponse) -> dict[str, Any]:
    thread = (await ada.chatkit("threads.get_by_id", {"thread_id": answer.thread_id})).json()
    item = [item for item in thread["items"]["data"] if item["type"] == "widget"][-1]
    return {**item["widget"], "item_id": item["id"]}
