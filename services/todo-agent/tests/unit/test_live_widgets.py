"""Lists and forms of tasks in a chat that is loaded again."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from api_kit import Gateway
from cards_kit import ID, boxes, components, open_card, texts
from worker_kit import USER

from durable_chatkit.app import create_app
from durable_chatkit.lifespan import ARROWS as API_ARROWS
from todo_agent.task_form import TASK_CARD
from todochat.clock import utc_now
from todochat.identity.service_tokens import ServiceTokens

KEY = "s" * 32
pytestmark = pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning")


@asynccontextmanager
async def loaded(chat: Any, run: Any, kind: str = "threads.get_by_id") -> AsyncIterator[Any]:
    """Load a thread from an API on the chat's stores; yield its widgets."""
    app: Any = create_app(chat.settings)
    signing = msgspec.structs.replace(chat.settings, todochat_service_secret=KEY)
    # In this event loop, which also runs the fake tasks service.
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client,
    ):
        gateway: Any = Gateway(client, signing)  # type: ignore[arg-type]
        response = await gateway.ask(kind, USER, thread_id=run.thread_id)
    body = response.json()
    items = body["items"]["data"] if kind == "threads.get_by_id" else body["data"]
    yield [item["widget"] for item in items if item["type"] == "widget"]


def change(tasks: Any, number: int, **fields: Any) -> None:
    tasks.tasks[ID.format(number)].update(fields, updated_at=utc_now().isoformat())


@pytest.mark.parametrize("kind", ["threads.get_by_id", "items.list"])
async def test_loaded_list_shows_the_tasks_as_they_are(
    chat: Any, listed: Any, tasks: Any, kind: str
) -> None:
    change(tasks, 1, title="oat milk", completed_at="2026-11-24T10:00:00Z")
    tasks.deleted[ID.format(2)] = tasks.tasks.pop(ID.format(2))

    async with loaded(chat, listed, kind) as (shown,):
        assert boxes(shown) == [("oat milk", True)]
        gone = next(part for part in components(shown, "Text") if part["value"] == "bread")
        assert gone["lineThrough"]
        assert components(shown["children"][1], "Checkbox") == []
    reads = [request.path for request in tasks.requests[-2:]]
    assert sorted(path.rpartition("/")[2] for path in reads) == ["lists", "tasks"]
    (stored,) = [item for item in await chat.items(listed) if item.type == "widget"]
    assert boxes(stored.widget) == [("milk", False), ("bread", False)]

    tasks.tasks[ID.format(2)] = tasks.deleted.pop(ID.format(2))  # restored elsewhere
    async with loaded(chat, listed, kind) as (shown,):
        assert boxes(shown) == [("oat milk", True), ("bread", False)]


async def test_loaded_form_shows_the_task_as_it_is(chat: Any, listed: Any, tasks: Any) -> None:
    await open_card(chat, listed, ID.format(1))
    change(tasks, 1, title="oat milk", priority="high")

    async with loaded(chat, listed) as (_, form):
        title, *_ = components(form, "Input")
        assert (form["key"], title["defaultValue"]) == (TASK_CARD, "oat milk")

    del tasks.tasks[ID.format(1)]
    async with loaded(chat, listed) as (_, gone):
        assert components(gone, "Input") == []
        assert texts(gone) == ["milk"]


@pytest.mark.parametrize("failures", [[503, 503], []])
async def test_stored_widgets_are_shown_without_the_tasks_service(
    chat: Any, listed: Any, tasks: Any, failures: list[int]
) -> None:
    change(tasks, 1, title="oat milk")
    tasks.failures = failures
    if not failures:
        chat.settings = msgspec.structs.replace(chat.settings, tasks_url="http://127.0.0.1:9")

    async with loaded(chat, listed) as (shown,):
        assert boxes(shown) == [("milk", False), ("bread", False)]


async def test_deployment_without_the_key_shows_stored_widgets(
    chat: Any, listed: Any, tasks: Any
) -> None:
    change(tasks, 1, title="oat milk")
    tokens = ServiceTokens.from_settings(chat.settings, *API_ARROWS)
    secrets = {
        f"todochat_service_secret_{arrow.name.lower()}": "base64:"
        + base64.b64encode(tokens.keys(arrow)[0]).decode()
        for arrow in API_ARROWS
    }
    chat.settings = msgspec.structs.replace(chat.settings, todochat_service_secret="", **secrets)

    async with loaded(chat, listed) as (shown,):
        assert boxes(shown) == [("milk", False), ("bread", False)]
