"""Accounts: registration, returning, staying signed in over tabs and time, signing out."""

import re
import secrets

import pytest
from playwright.async_api import Page, expect

from browser.browser_kit import Chat, Visit, Visitor, answer_text
from stack_kit import SignUp, Stack
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import PASSWORD

SIXTEEN_MINUTES_MS = 16 * 60 * 1000


async def fill_in(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.get_by_role("textbox", name="E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)


async def test_new_user_registers_and_sees_the_task_appear(
    site: Stack, visit: Visit, model: ScriptedModelServer
) -> None:
    """The steps of a new user on the site."""
    model.answer(Call("add_task", {"title": "Buy milk"}))
    model.answer(Say("Added “Buy milk”."))
    page = (visitor := await visit(site)).page
    await visitor.open("/")
    await page.wait_for_url("**/login")
    await page.get_by_role("link", name="Create one").click()

    await page.get_by_role("textbox", name="Name").fill("Ada")
    await fill_in(page, f"{secrets.token_hex(8)}@example.com")
    await page.get_by_role("button", name="Create account").click()

    await expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()
    await page.get_by_role("button", name="add buy milk tomorrow at 5pm").click()
    chat = Chat(page)
    await expect(chat.composer).to_have_value("add buy milk tomorrow at 5pm")
    await chat.composer.press("Enter")
    await expect(page.get_by_role("checkbox", name="Done: Buy milk")).to_be_visible()
    await expect(chat.answers).to_have_text(answer_text("Added “Buy milk”."))


@pytest.mark.slow
async def test_sign_in_returns_to_the_requested_page(
    site: Stack, sign_up: SignUp, visit: Visit
) -> None:
    ada = await sign_up(site)
    page = (visitor := await visit(site)).page

    await visitor.open("/chat")
    await page.wait_for_url("**/login")
    await fill_in(page, ada.email)
    await page.get_by_role("button", name="Sign in").click()

    await page.wait_for_url("**/chat")
    await expect(Chat(page).composer).to_be_visible()


async def test_wrong_password_is_reported_and_the_form_kept(
    site: Stack, sign_up: SignUp, visit: Visit
) -> None:
    ada = await sign_up(site)
    page = (visitor := await visit(site)).page
    visitor.watch.expect_status(401, "/api/auth/sign-in")
    await visitor.open("/login")

    await fill_in(page, ada.email, "not the password")
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("password")
    await expect(page.get_by_role("textbox", name="E-mail address")).to_have_value(ada.email)


@pytest.mark.slow
async def test_registered_address_leads_to_sign_in(
    site: Stack, sign_up: SignUp, visit: Visit
) -> None:
    ada = await sign_up(site)
    page = (visitor := await visit(site)).page
    visitor.watch.expect_status(409, "/api/auth/sign-up")
    await visitor.open("/register")

    await fill_in(page, ada.email)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("link", name="Sign in instead").click()

    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_reload_never_shows_the_signed_out_page(ada: Visitor) -> None:
    page = await ada.open("/")
    await expect(page.get_by_role("heading", name="All tasks")).to_be_visible()
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))

    await page.reload()

    await expect(page.get_by_role("heading", name="All tasks")).to_be_visible()
    assert not [url for url in seen if "login" in url]


async def test_two_tabs_stay_signed_in_over_a_token_renewal(ada: Visitor) -> None:
    """The pages' clocks advance by sixteen minutes; a login token is valid for fifteen."""
    await ada.context.clock.install()
    first = await ada.open("/")
    second = await ada.open_tab("/")
    for page in (first, second):
        await expect(page.get_by_role("textbox", name="New task")).to_be_visible()
    before = ada.watch.requests.count("POST /api/auth/refresh")

    for page in (first, second):
        await page.clock.fast_forward(SIXTEEN_MINUTES_MS)

    await wait_until(
        lambda: ada.watch.requests.count("POST /api/auth/refresh") > before, timeout_s=25
    )
    for number, page in enumerate((first, second)):
        await page.get_by_role("textbox", name="New task").fill(f"Task {number}")
        await page.keyboard.press("Enter")
    for page in (first, second):
        await expect(page.get_by_role("checkbox", name="Done: Task 0")).to_be_visible()
        await expect(page.get_by_role("checkbox", name="Done: Task 1")).to_be_visible()
        assert page.url.endswith("/")


@pytest.mark.slow
async def test_ended_session_leads_to_sign_in_and_back(ada: Visitor) -> None:
    """Another device has signed this one out."""
    chat = await ada.open_chat()
    ada.watch.expect_status(401, "^/api/")
    await ada.person.client.post(
        "/api/auth/sign-out-everywhere",
        headers={"Authorization": f"Bearer {ada.person.login_token}"},
    )

    await chat.send("are you there?")
    await ada.page.wait_for_url("**/login")
    await expect(ada.page.get_by_text("Your session has ended")).to_be_visible()
    await fill_in(ada.page, ada.person.email)
    await ada.page.get_by_role("button", name="Sign in").click()

    await ada.page.wait_for_url("**/chat")
    await expect(chat.composer).to_be_visible()


async def test_sign_out_closes_the_pages_of_every_tab(ada: Visitor) -> None:
    page = await ada.open("/")
    other = await ada.open_tab("/chat")
    await Chat(other).composer.wait_for()

    # A background tab draws frames rarely, and a click waits for some.
    await page.bring_to_front()
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Sign out").click()

    for tab in (page, other):
        await expect(tab).to_have_url(re.compile("/login$"))
    await ada.open("/chat")
    await expect(page).to_have_url(re.compile("/login$"))
