"""CHATKIT_MODE=openai: OpenAI issues the client secrets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from auth_kit import Service, StartService

from auth_session.clients import hosted_chat

EXPIRES_AT = 1_795_000_000


class OpenAi:
    """A fake of OpenAI's API; records requests and returns a set response."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None, object]] = []
        self.response: dict[str, object] = {
            "id": "cksess_1",
            "object": "chatkit.session",
            "client_secret": "ek_secret",
            "expires_at": EXPIRES_AT,
        }
        self.status = 200
        self.released = asyncio.Event()
        self.released.set()
        app = web.Application()
        app.router.add_post("/v1/chatkit/sessions", self._create)
        self.server = TestServer(app)

    async def _create(self, request: web.Request) -> web.Response:
        await self.released.wait()
        headers = request.headers
        body = await request.json()
        self.asked.append((headers.get("Authorization"), headers.get("OpenAI-Beta"), body))
        return web.json_response(self.response, status=self.status)


@pytest_asyncio.fixture
async def openai() -> AsyncIterator[OpenAi]:
    openai = OpenAi()
    await openai.server.start_server()
    yield openai
    openai.released.set()
    await openai.server.close()


@pytest_asyncio.fixture
async def hosted(start_service: StartService, openai: OpenAi) -> Service:
    return await start_service(
        chatkit_mode="openai",
        chatkit_workflow_id="wf_1",
        openai_api_key="sk-1",
        openai_base_url=str(openai.server.make_url("/v1")),
    )


async def test_openai_issues_a_secret_for_the_signed_in_user(
    hosted: Service, openai: OpenAi
) -> None:
    browser = hosted.browser()
    body = (await browser.sign_up()).json()
    user_id = body["user"]["id"]

    response = await browser.client_secret(body["access_token"], {"user_id": user_id})

    expires_at = datetime.fromtimestamp(EXPIRES_AT, UTC).isoformat().replace("+00:00", "Z")
    assert response.status_code == 200
    assert response.json() == {
        "client_secret": "ek_secret",
        "expires_at": expires_at,
        "user_id": user_id,
    }
    asked = {"workflow": {"id": "wf_1"}, "user": user_id}
    assert openai.asked == [("Bearer sk-1", "chatkit_beta=v1", asked)]


async def test_a_secret_for_another_user_is_forbidden(hosted: Service, openai: OpenAi) -> None:
    browser = hosted.browser()
    token = (await browser.sign_up()).json()["access_token"]

    other = await browser.client_secret(token, {"user_id": "another"})
    stranger = await browser.client_secret("nonsense")

    assert (other.status_code, stranger.status_code) == (403, 401)
    assert openai.asked == []


@pytest.mark.parametrize("fault", ["refused", "no-secret", "hanging"])
async def test_an_openai_failure_is_503(
    hosted: Service, openai: OpenAi, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    browser = hosted.browser()
    token = (await browser.sign_up()).json()["access_token"]
    if fault == "refused":
        openai.status = 401
    elif fault == "no-secret":
        openai.response = {}
    else:
        monkeypatch.setattr(hosted_chat, "TIMEOUT_S", 0.2)
        openai.released.clear()

    response = await browser.client_secret(token)

    assert response.status_code == 503
    assert response.json()["type"] == "urn:todochat:problem:hosted-chat-unavailable"
    assert "sk-1" not in response.text
