"""From the terminal into a browser: the one-time link that `todochat chat` prints."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from browser.browser_kit import Chat, Visit
from browser.fit_kit import STICKING_OUT
from stack_kit import TODOCHAT, SignUp, Stack
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import Person

PHONE = {"width": 320, "height": 640}
REDEEM = "/api/auth/sign-in-links/redeem"
OVER = "This link no longer works"


async def link_of(person: Person) -> str:
    headers = {"Authorization": f"Bearer {person.login_token}"}
    answer = await person.client.post("/api/auth/sign-in-links", headers=headers)
    token = answer.raise_for_status().json()["token"]
    return f"/sign-in-link#{token}"


async def expect_expired(page: Page) -> None:
    await expect(page.get_by_role("heading", name=OVER)).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("expired")
    width = await page.evaluate("screen.width")
    assert await page.evaluate(STICKING_OUT, width) == []


async def test_link_from_the_terminal_signs_in(
    site: Stack, visit: Visit, model: ScriptedModelServer, tmp_path: Path
) -> None:
    model.answer(Call("add_task", {"title": "Buy milk"}))
    model.answer(Say("Added “Buy milk”."))
    process = await asyncio.create_subprocess_exec(
        TODOCHAT, "chat", "add buy milk", "--data-dir", str(site.data_dir),
        env={**site.environment, "XDG_CONFIG_HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    found = re.search(rf"{site.edge}/sign-in-link#\S+", errors.decode())
    assert found, (out, errors)

    ada = (await visit(site)).page
    await ada.goto(found[0])

    await ada.wait_for_url(f"{site.edge}/chat")
    await expect(Chat(ada).composer).to_be_visible()
    await ada.goto("/")
    await expect(ada.get_by_role("checkbox", name="Done: Buy milk")).to_be_visible()
    thief = await visit(site, viewport=PHONE)
    thief.watch.expect_status(401, REDEEM)
    await thief.page.goto(found[0])
    await expect_expired(thief.page)
    # The address's secret stays in no history and no copied address.
    assert thief.page.url == f"{site.edge}/sign-in-link"


@pytest.mark.slow
async def test_new_link_in_the_same_tab_works(site: Stack, sign_up: SignUp, visit: Visit) -> None:
    ada = await sign_up(site)
    old, new = await link_of(ada), await link_of(ada)
    visitor = await visit(site)
    visitor.watch.expect_status(401, REDEEM)
    await visitor.open(old)
    await expect_expired(visitor.page)

    await visitor.open(new)

    await visitor.page.wait_for_url(f"{site.edge}/chat")


async def test_link_of_another_user_requires_confirmation(
    site: Stack, sign_up: SignUp, visit: Visit
) -> None:
    ada, bob = await sign_up(site), await sign_up(site)
    await bob.api("POST", "/tasks", json={"title": "Of Bob"})
    visitor = await visit(site, ada)
    page = await visitor.open(await link_of(bob))
    await expect(page.get_by_role("heading", name="Sign in with this link?")).to_be_visible()
    await expect(page.get_by_text(ada.email)).to_be_visible()
    assert f"POST {REDEEM}" not in visitor.watch.requests

    await page.get_by_role("button", name="Sign in with the link").click()

    await page.wait_for_url(f"{site.edge}/chat")
    await page.goto("/")
    await expect(page.get_by_role("checkbox", name="Done: Of Bob")).to_be_visible()


@pytest.mark.slow
async def test_address_without_link_shows_an_error(site: Stack, visit: Visit) -> None:
    page = await (await visit(site)).open("/sign-in-link")

    await expect(page.get_by_role("heading", name=OVER)).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("no sign-in link")
