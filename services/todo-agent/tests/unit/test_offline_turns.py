"""The offline assistant in the same worker, without API key and model server."""

from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from worker_kit import Chat


@pytest.fixture
def offline() -> dict[str, Any]:
    """Settings with neither key nor base URL."""
    return {"openai_base_url": "", "openai_api_key": "", "model": ""}


async def test_sentence_creates_a_task(
    chat: Chat, tasks: TasksStandIn, offline: dict[str, Any]
) -> None:
    await chat.start_worker(**offline)

    run = await chat.ask("add buy milk tomorrow at 5pm")

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.titles == ["buy milk"]
    assert next(iter(tasks.tasks.values()))["due"]["timezone"] == "Europe/Berlin"


async def test_follow_up_resolves_the_task(
    chat: Chat, tasks: TasksStandIn, offline: dict[str, Any]
) -> None:
    await chat.start_worker(**offline)
    run = await chat.ask("add buy milk")

    last = await chat.ask("complete it", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    assert [task["title"] for task in tasks.tasks.values() if task["completed_at"]] == ["buy milk"]


async def test_three_items_create_three_tasks_in_a_new_list(
    chat: Chat, tasks: TasksStandIn, offline: dict[str, Any]
) -> None:
    await chat.start_worker(**offline)

    await chat.ask("add milk, eggs and bread to my shopping list")

    assert tasks.titles == ["milk", "eggs", "bread"]
    assert [entry["name"] for entry in tasks.lists.values()] == ["Inbox", "shopping"]
    assert len({task["list_id"] for task in tasks.tasks.values()}) == 1


async def test_question_changes_nothing(
    chat: Chat, tasks: TasksStandIn, offline: dict[str, Any]
) -> None:
    tasks.add("buy milk")
    await chat.start_worker(**offline)

    run = await chat.ask("what's on my list?")

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.effects == []
