"""Failures between page and server: expired secrets, no network, crashed processes."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.async_api import Route, expect

from browser.browser_kit import Visit, Visitor, answer_text
from browser.conftest import model_variables, run_site
from stack_kit import SignUp, Stack
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer

HOUR_MS = 3600 * 1000
SESSION = "POST /api/chatkit/session"


def kill(stack: Stack, service: str) -> None:
    """Kill the processes of a service as a crash would; the launcher starts others."""
    state = json.loads((stack.data_dir / "state.json").read_text())
    for pid in state["services"][service]["pids"]:
        os.kill(pid, signal.SIGKILL)


async def test_expiring_secret_is_renewed_before_use(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    """The page's clock advances by an hour, the lifetime of a secret."""
    await ada.context.clock.install()
    model.answer(Say("Then."))
    model.answer(Say("Now."))
    chat = await ada.open_chat()
    await chat.send("first")
    await expect(chat.answers).to_have_text(answer_text("Then."))
    before = ada.watch.requests.count(SESSION)

    await ada.page.clock.fast_forward(HOUR_MS)
    await chat.send("an hour later")

    await expect(chat.answers.last).to_have_text(answer_text("Now."))
    assert ada.watch.requests.count(SESSION) > before


async def test_refused_secret_is_replaced_and_message_sent(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("Got it."))
    chat = await ada.open_chat()
    ada.watch.expect_status(401, "/chat$")
    refused: list[str] = []

    async def refuse_once(route: Route) -> None:
        secret = route.request.headers.get("authorization", "")
        if not refused:
            refused.append(secret)
        if secret in refused:
            await route.fulfill(status=401, json={"title": "Unauthorized"})
        else:
            await route.continue_()

    await ada.page.route("**/chat", refuse_once)
    await chat.send("do you hear me?")

    await expect(chat.answers).to_have_text(answer_text("Got it."))
    await expect(chat.questions).to_have_count(1)


@pytest.fixture(scope="module")
def hasty_site(model_server: ScriptedModelServer) -> Iterator[Stack]:
    """A site whose client secrets are valid for a minute."""
    variables = {"AUTH_SESSION_CLIENT_SECRET_LIFETIME_S": "60"}
    yield from run_site("hasty", {**model_variables(model_server), **variables})


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_stream_outlives_its_secret(
    hasty_site: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    """The gateway closes a stream when its secret expires; the page resumes with another one."""
    gate = Gate(timeout_s=200)
    model.answer(Say("A slow", gate, " answer."))
    ada = await visit(hasty_site, await sign_up(hasty_site))
    chat = await ada.open_chat()
    await chat.send("take your time")
    await expect(chat.answers).to_have_text(answer_text("A slow"))

    # Reattached after the secret of the first request has expired.
    await wait_until(
        lambda: any(request.endswith("/events") for request in chat_requests(ada)), timeout_s=150
    )
    gate.open()

    await expect(chat.answers).to_have_text(answer_text("A slow answer."))
    await expect(chat.error).to_be_hidden()


def chat_requests(visitor: Visitor) -> list[str]:
    return [request for request in visitor.watch.requests if "/chat/runs/" in request]


async def test_stream_survives_gateway_crash(
    site: Stack, ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Before,", gate, " and after."))
    chat = await ada.open_chat()
    ada.watch.expect_failures("/chat")
    ada.watch.expect_status(503, "/chat")
    await chat.send("keep talking")
    await expect(chat.answers).to_have_text(answer_text("Before,"))

    kill(site, "chat-gateway")
    await expect(chat.host.get_by_text("Reconnecting")).to_be_visible()
    gate.open()

    await expect(chat.answers).to_have_text(answer_text("Before, and after."))
    await expect(chat.questions).to_have_count(1)
    await expect(chat.error).to_be_hidden()


@pytest.mark.slow
async def test_stream_resumes_after_server_outage(
    site: Stack, ada: Visitor, model: ScriptedModelServer
) -> None:
    """Edge and gateway die together: for a while every connection is refused."""
    gate = Gate()
    model.answer(Say("Half of it", gate, " and the rest."))
    chat = await ada.open_chat()
    ada.watch.expect_failures()
    ada.watch.expect_status(503, "^/api/")
    await chat.send("say something")
    await expect(chat.answers).to_have_text(answer_text("Half of it"))

    kill(site, "chat-gateway")
    kill(site, "caddy")
    await expect(chat.host.get_by_text("Reconnecting")).to_be_visible()
    gate.open()

    await expect(chat.answers).to_have_text(answer_text("Half of it and the rest."))
    model.answer(Say("Back again."))
    await expect(chat.send_button).to_be_visible()
    await chat.send("and now?")
    await expect(chat.answers.last).to_have_text(answer_text("Back again."))


@pytest.mark.slow
async def test_stream_resumes_after_network_outage(
    site: Stack, ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("On the train,", gate, " behind the tunnel."))
    chat = await ada.open_chat()
    await chat.send("where are you?")
    await expect(chat.answers).to_have_text(answer_text("On the train,"))

    await ada.go_offline()
    ada.watch.expect_status(503, "/chat")
    kill(site, "chat-gateway")  # Chromium's switch doesn't cut open connections
    await expect(chat.host.get_by_text("You are offline.")).to_be_visible()
    gate.open()
    await ada.go_online()

    await expect(chat.answers).to_have_text(answer_text("On the train, behind the tunnel."))
    await expect(chat.host.get_by_text("You are offline.")).to_be_hidden()


async def test_offline_message_is_kept_and_sent_later(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("Here it is."))
    chat = await ada.open_chat()
    await ada.go_offline()

    await chat.send("are you there?")
    await expect(chat.error.get_by_role("button", name="Retry")).to_be_visible()
    await expect(chat.questions).to_contain_text("are you there?")
    await ada.go_online()
    await chat.error.get_by_role("button", name="Retry").click()

    await expect(chat.answers).to_have_text(answer_text("Here it is."))
    await expect(chat.questions).to_have_count(1)


@pytest.mark.slow
async def test_unreachable_server_is_reported_and_retried(ada: Visitor) -> None:
    """The page is loaded, from the cache or a proxy; the server behind it is down."""
    ada.watch.expect_failures("^/api/")
    await ada.page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    page = await ada.open("/")
    await expect(page.get_by_role("heading", name=re.compile("^Can.t connect$"))).to_be_visible()

    await page.unroute("**/api/**")

    await expect(page.get_by_role("heading", name="All tasks")).to_be_visible()


@pytest.mark.slow
async def test_panel_reports_lost_feed_and_catches_up(ada: Visitor) -> None:
    page = await ada.open("/")
    await expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    await ada.go_offline()
    await expect(page.get_by_text("Disconnected")).to_be_visible()

    await ada.person.api("POST", "/tasks", json={"title": "Made meanwhile"})
    await ada.go_online()

    await expect(page.get_by_role("checkbox", name="Done: Made meanwhile")).to_be_visible()
    await expect(page.get_by_text("Disconnected")).to_be_hidden()
