"""MCP clients: the SDK's own one works on tasks with the agent's tools."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from tasks_kit import Person, Service

from todochat.identity.service_tokens import Arrow


@asynccontextmanager
async def connect(person: Person, query: str = "") -> AsyncIterator[ClientSession]:
    """Connect as an MCP client does that has the user's token."""
    headers = {"Authorization": f"Bearer {person.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        streamable_http_client(f"{person.service.url}/mcp{query}", http_client=http) as (
            read,
            write,
            *_,
        ),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def call(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its result."""
    result = await session.call_tool(tool, arguments)
    assert isinstance(result, types.CallToolResult)
    text = result.content[0]
    assert isinstance(text, types.TextContent)
    output: dict[str, Any] = json.loads(text.text)
    assert output == result.structured_content
    assert result.is_error is (output["ok"] is not True)
    return output


async def read(session: ClientSession, uri: str) -> dict[str, Any]:
    """Read a resource."""
    (content,) = (await session.read_resource(uri)).contents
    assert isinstance(content, types.TextResourceContents)
    found: dict[str, Any] = json.loads(content.text)
    return found


async def test_tools_say_what_they_may_do(ada: Person) -> None:
    async with connect(ada) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}

    assert len(tools) == 12
    hints = {name: tool.annotations for name, tool in tools.items()}
    assert all(hints.values())
    reading = {name for name, hint in hints.items() if hint and hint.read_only_hint}
    assert reading == {"find_tasks", "find_lists", "show_task"}
    destructive = {name for name, hint in hints.items() if hint and hint.destructive_hint}
    assert destructive >= {"delete_tasks", "delete_list", "change_tasks"}
    assert not destructive & reading
    assert tools["add_task"].input_schema["required"] == ["title"]
    assert tools["answer_pending"].input_schema["required"] == ["pending", "confirm"]


async def test_task_is_added_found_and_completed(ada: Person) -> None:
    async with connect(ada, "?timezone=Europe/Berlin") as session:
        added = await call(
            session,
            "add_task",
            title="Buy milk",
            list="Shopping",
            due_at="2999-07-01T17:00:00",
            reminders=[30],
        )
        found = await call(session, "find_tasks", filter="list = Shopping")
        await call(session, "change_tasks", tasks=[added["task"]["number"]], completed=True)

    assert added["task"]["due"] == {"at": "2999-07-01T15:00:00Z", "timezone": "Europe/Berlin"}
    assert [task["title"] for task in found["tasks"]] == ["Buy milk"]
    assert await ada.titles(status="completed") == ["Buy milk"]


async def test_history_names_the_client_and_undo_reverts_its_last_call(ada: Person) -> None:
    async with connect(ada) as session:
        first = await call(session, "add_task", title="First")
        await call(session, "add_task", title="Second")
        undone = await call(session, "undo")

    assert [task["title"] for task in undone["changed"]] == ["Second"]
    assert await ada.titles() == ["First"]
    history = (await ada.get(f"tasks/{first['task']['number']}/history")).json()["items"]
    assert [change["actor"] for change in history] == ["mcp"]


async def test_changes_of_many_tasks_wait_until_they_are_confirmed(ada: Person) -> None:
    await ada.make_tasks("ABCDE", tags=["work"])
    async with connect(ada) as session:
        held = await call(session, "change_tasks", filter="tag = work", priority="high")
        before = await ada.titles(priority="high")
        other = await call(session, "answer_pending", pending="mcp_of_another", confirm=True)
        done = await call(session, "answer_pending", pending=held["pending"], confirm=True)

    assert (held["code"], held["count"], before) == ("waiting-for-confirmation", 5, [])
    assert sorted(each["title"] for each in held["will_change"]) == list("ABCDE")
    assert other["code"] == "nothing-waits"
    assert done["ok"] is True
    assert sorted(await ada.titles(priority="high")) == list("ABCDE")


async def test_refused_change_changes_nothing(ada: Person) -> None:
    await ada.make_tasks("ABCD")
    async with connect(ada) as session:
        held = await call(session, "delete_tasks", tasks=[1, 2, 3, 4])
        await call(session, "answer_pending", pending=held["pending"], confirm=False)
        late = await call(session, "answer_pending", pending=held["pending"], confirm=True)

    assert late["ok"] is False
    assert sorted(await ada.titles()) == list("ABCD")


async def test_failure_says_what_to_do_instead(ada: Person) -> None:
    async with connect(ada) as session:
        unknown = await call(session, "change_tasks", tasks=["unicorn"], completed=True)
        malformed = await call(session, "find_tasks", filter="due < ")
        invalid = await session.call_tool("add_task", {"name": "Buy milk"})
        with pytest.raises(MCPError, match="no tool"):
            await session.call_tool("rob_bank", {})

    assert unknown["code"] == "task-not-found"
    assert malformed["ok"] is False
    assert invalid.is_error


async def test_resources_have_lists_their_tasks_and_today(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_task("Water plants", list_id=home["id"])
    await ada.make_task("Old bill", due={"date": "2001-01-01", "timezone": "UTC"})
    async with connect(ada) as session:
        named = [resource.uri for resource in (await session.list_resources()).resources]
        (template,) = (await session.list_resource_templates()).resource_templates
        lists = await read(session, "tasks://lists")
        tasks = await read(session, template.uri_template.replace("{list_id}", home["id"]))
        today = await read(session, "tasks://today")
        with pytest.raises(MCPError, match="no resource"):
            await session.read_resource("tasks://moon")

    assert named == ["tasks://lists", "tasks://today"]
    assert {entry["name"] for entry in lists["items"]} == {"Inbox", "Home"}
    assert [task["title"] for task in tasks["items"]] == ["Water plants"]
    assert [task["title"] for task in today["items"]] == ["Old bill"]


async def test_tasks_of_others_are_out_of_reach(ada: Person, bob: Person) -> None:
    task = await bob.make_task("Secret")
    async with connect(ada) as session:
        found = await call(session, "find_tasks", text="secret")
        changed = await call(session, "change_tasks", tasks=[task["id"]], completed=True)
        with pytest.raises(MCPError, match="no list"):
            await read(session, f"tasks://lists/{task['list_id']}")

    assert found["tasks"] == []
    assert changed["ok"] is False
    assert await bob.titles() == ["Secret"]


async def test_request_without_a_session_is_served(ada: Person) -> None:
    response = await ada.http.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        headers={"Accept": "application/json, text/event-stream"},
    )

    assert response.status_code == 200
    assert len(response.json()["result"]["tools"]) == 12


async def test_each_request_needs_a_users_token(service: Service, ada: Person) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    of_service = service.service_tokens.mint(Arrow.AGENT_TO_TASKS, ada.user_id)
    async with httpx2.AsyncClient(base_url=service.url, timeout=20) as http:
        nobody = await http.post("/mcp", json=message)
        agent = await http.post(
            "/mcp", json=message, headers={"Authorization": f"Bearer {of_service}"}
        )
        reading = await http.get("/mcp", headers={"Authorization": f"Bearer {ada.token}"})
        lost = await http.post(
            "/mcp?timezone=Mars/Olympus",
            json=message,
            headers={"Authorization": f"Bearer {ada.token}"},
        )

    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (agent.status_code, reading.status_code, lost.status_code) == (403, 405, 422)
    assert reading.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b'{"a":' * 5000, b"x" * 300_000],
    ids=["empty", "cut off", "a list", "no method", "not text", "deep", "large"],
)
async def test_malformed_messages_get_a_clear_refusal(ada: Person, body: bytes) -> None:
    response = await ada.http.post(
        "/mcp",
        content=body,
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        },
    )

    assert 400 <= response.status_code < 500
