"""Several agents behind one gateway, at `/api/{user_id}/chat/agents/{name}`."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from agent_kit import FakeAgent
from aiohttp import web
from gateway_kit import Browser, BrowserAt, StartGateway

HELLO = {"message": "hello"}
LIST = {"type": "threads.list", "params": {}}


class TeaApi:
    """The api of a second agent: answers what only this agent can answer."""

    def __init__(self, agent: FakeAgent) -> None:
        self._agent = agent
        self.url = ""
        self.received: list[web.Request] = []

    async def chat(self, request: web.Request) -> web.Response:
        self.received.append(request)
        return await self._agent.chat(request)

    async def assistant(self, request: web.Request) -> web.Response:
        return web.json_response({"offline": False, "dictation": True})


@pytest_asyncio.fixture
async def tea(agent: FakeAgent) -> AsyncIterator[TeaApi]:
    api = TeaApi(agent)
    app = web.Application()
    app.add_routes(
        [
            web.post("/internal/chatkit", api.chat),
            web.get("/internal/assistant", api.assistant),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


@pytest_asyncio.fixture
async def ann(start_gateway: StartGateway, browser_at: BrowserAt, tea: TeaApi) -> Browser:
    return browser_at(await start_gateway(CHAT_GATEWAY_AGENTS=f"tea={tea.url}"))


async def test_path_selects_the_agent(agent: FakeAgent, tea: TeaApi, ann: Browser) -> None:
    await ann.fetch_json("POST", "", body=LIST, X_Agent="tea")
    assert tea.received == []
    assert "X-Agent" not in agent.received[0].headers

    status, _ = await ann.fetch_json("POST", "/agents/tea", body=LIST)

    assert status == 200
    assert [request.headers["X-Agent"] for request in tea.received] == ["tea"]


async def test_run_of_a_named_agent_streams_and_can_be_reattached_and_cancelled(
    agent: FakeAgent, tea: TeaApi, ann: Browser
) -> None:
    async with ann.stream("POST", "/agents/tea/", body=HELLO) as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "a pot")
        sent = await stream.read_to_end()
    assert b"a pot" in sent
    assert len(tea.received) == 1

    async with ann.stream("GET", f"/agents/tea/runs/{run_id}/events") as again:
        assert b"a pot" in await again.read_to_end()
    status, _ = await ann.fetch_json("POST", f"/agents/tea/runs/{run_id}/cancel")
    assert status == 202


async def test_capabilities_are_those_of_the_named_agent(tea: TeaApi, ann: Browser) -> None:
    assert await ann.fetch_json("GET", "/assistant") == (200, {"offline": True, "dictation": False})
    assert await ann.fetch_json("GET", "/agents/tea/assistant") == (
        200,
        {"offline": False, "dictation": True},
    )


async def test_history_is_filtered_by_the_agent_of_path_or_query(ann: Browser) -> None:
    _, every = await ann.fetch_json("GET", "/search?q=milk")
    _, by_path = await ann.fetch_json("GET", "/agents/tea/search?q=milk")
    _, by_query = await ann.fetch_json("GET", "/search?q=milk&agent=tea")

    assert [page["items"][0].get("agent") for page in (every, by_path, by_query)] == [
        None,
        "tea",
        "tea",
    ]


@pytest.mark.parametrize("path", ["/agents/coffee", "/agents/", "/agents/tea/tea", "/agents/TEA"])
async def test_unknown_agent_returns_404(
    agent: FakeAgent, tea: TeaApi, ann: Browser, path: str
) -> None:
    status, problem = await ann.fetch_json("POST", path, body=LIST)

    assert (status, problem["status"]) == (404, 404)
    assert agent.received == []


async def test_agent_is_no_label_of_the_metrics(ann: Browser, tea: TeaApi) -> None:
    await ann.fetch_json("POST", "/agents/tea", body=LIST)

    async with ann._session.get(f"{ann.url}/metrics") as response:
        routes = [line for line in (await response.text()).splitlines() if "/chat" in line]

    assert any('route="/api/{user_id}/chat"' in line for line in routes)
    assert not any("agents" in line for line in routes), json.dumps(routes)
