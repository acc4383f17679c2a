"""Search and export on their way through the gateway."""

import aiohttp
import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser


async def test_a_search_reaches_todo_agent_with_its_words(ann: Browser) -> None:
    status, page = await ann.fetch_json(
        "GET", "/search?q=milk%20%26%20honey&limit=5&cursor=msg_1@7"
    )

    asked = {"user": "usr_ann", "q": "milk & honey", "limit": "5", "cursor": "msg_1@7"}
    assert (status, page) == (200, {"items": [asked], "next_cursor": None})


@pytest.mark.parametrize("query", ["", "?q=", "?q=x&limit=0", "?q=x&limit=51"])
async def test_a_search_that_makes_no_sense_is_refused(ann: Browser, query: str) -> None:
    status, _ = await ann.fetch_json("GET", f"/search{query}")

    assert status == 422


async def test_an_export_comes_as_it_is_written(agent: FakeAgent, ann: Browser) -> None:
    agent.export_chunks = [b'{"threads":[', b"x" * 9_000_000, b"]}"]

    async with ann.request("GET", "/export") as response:
        body = await response.read()

    assert body == b"".join(agent.export_chunks)
    assert response.headers["Content-Type"] == "application/json"
    assert "attachment" in response.headers["Content-Disposition"]


async def test_an_export_that_breaks_off_is_not_taken_for_a_whole_one(
    agent: FakeAgent, ann: Browser
) -> None:
    agent.export_chunks, agent.export_breaks = [b'{"threads":['], True

    with pytest.raises(aiohttp.ClientPayloadError):
        async with ann.request("GET", "/export") as response:
            await response.read()


async def test_an_export_that_is_refused_is_a_problem(agent: FakeAgent, ann: Browser) -> None:
    agent.fail_next(409, "account-locked")

    status, problem = await ann.fetch_json("GET", "/export")

    assert (status, problem["type"]) == (409, "urn:todochat:problem:account-locked")


@pytest.mark.parametrize("path", ["/search?q=milk", "/export"])
async def test_nobody_reads_anothers_history(ann: Browser, bob: Browser, path: str) -> None:
    bob.user_id = "usr_ann"

    foreign, _ = await bob.fetch_json("GET", path)
    ann.headers = {}
    stranger, _ = await ann.fetch_json("GET", path)

    assert (foreign, stranger) == (403, 401)
