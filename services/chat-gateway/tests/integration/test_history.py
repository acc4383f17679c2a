"""Search and export through the gateway."""

import aiohttp
import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser


async def test_search_parameters_are_forwarded(ann: Browser) -> None:
    status, page = await ann.fetch_json(
        "GET", "/search?q=milk%20%26%20honey&limit=5&cursor=msg_1@7"
    )

    forwarded = {"user": "usr_ann", "q": "milk & honey", "limit": "5", "cursor": "msg_1@7"}
    assert (status, page) == (200, {"items": [forwarded], "next_cursor": None})


async def test_thread_search_parameters_are_forwarded(ann: Browser) -> None:
    status, page = await ann.fetch_json("GET", "/search/threads?q=milk&limit=5&cursor=thr_1@7")

    forwarded = {"thread_of": "usr_ann", "q": "milk", "limit": "5", "cursor": "thr_1@7"}
    assert (status, page) == (200, {"items": [forwarded], "next_cursor": None})


@pytest.mark.parametrize("query", ["", "?q=", "?q=x&limit=0", "?q=x&limit=51"])
async def test_invalid_search_query_returns_422(ann: Browser, query: str) -> None:
    status, _ = await ann.fetch_json("GET", f"/search{query}")

    assert status == 422


async def test_export_is_relayed_unchanged(agent: FakeAgent, ann: Browser) -> None:
    agent.export_chunks = [b'{"threads":[', b"x" * 9_000_000, b"]}"]

    async with ann.request("GET", "/export") as response:
        body = await response.read()

    assert body == b"".join(agent.export_chunks)
    assert response.headers["Content-Type"] == "application/json"
    assert "attachment" in response.headers["Content-Disposition"]


async def test_interrupted_export_breaks_the_connection(agent: FakeAgent, ann: Browser) -> None:
    agent.export_chunks, agent.export_breaks = [b'{"threads":['], True

    with pytest.raises(aiohttp.ClientPayloadError):
        async with ann.request("GET", "/export") as response:
            await response.read()


async def test_export_problem_of_todo_agent_is_relayed(agent: FakeAgent, ann: Browser) -> None:
    agent.fail_next(409, "account-locked")

    status, problem = await ann.fetch_json("GET", "/export")

    assert (status, problem["type"]) == (409, "urn:todochat:problem:account-locked")


@pytest.mark.parametrize("path", ["/search?q=milk", "/search/threads?q=milk", "/export"])
async def test_history_refuses_other_users_and_missing_secret(
    ann: Browser, bob: Browser, path: str
) -> None:
    bob.user_id = "usr_ann"

    other_user, _ = await bob.fetch_json("GET", path)
    ann.headers = {}
    anonymous, _ = await ann.fetch_json("GET", path)

    assert (other_user, anonymous) == (403, 401)
