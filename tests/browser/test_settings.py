"""The settings dialog, section by section."""

import json
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from browser.browser_kit import Visitor, answer_text
from todochat.testing import wait_until
from todochat.testing.model_server import Say, ScriptedModelServer
from todochat.testing.person import PASSWORD

NEW_PASSWORD = "another sentence that is long"


async def open_settings(page: Page, section: str) -> Locator:
    await page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings")
    await dialog.get_by_role("button", name=section).click()
    await expect(dialog.get_by_role("heading", name=section)).to_be_visible()
    return dialog


@pytest.mark.slow
async def test_theme_and_density_survive_a_reload(ada: Visitor) -> None:
    page = await ada.open("/")
    dialog = await open_settings(page, "Appearance")

    await dialog.get_by_role("radio", name="Dark").check()
    await dialog.get_by_role("radio", name="Compact").check()

    html = page.locator("html")
    await expect(html).to_have_class("dark")
    await expect(html).to_have_attribute("data-density", "compact")
    await page.reload()
    await expect(html).to_have_class("dark")
    await expect(html).to_have_attribute("data-density", "compact")


async def test_language_applies_to_the_open_chat(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Hallo."))
    chat = await ada.open_chat()
    await chat.send("hello")
    await expect(chat.answers).to_contain_text("Hallo.")

    dialog = await open_settings(ada.page, "Language and time")
    await dialog.get_by_role("combobox", name="Language").select_option("de-DE")
    await dialog.get_by_role("button", name="Close").click()

    await expect(chat.button("Nachricht senden")).to_be_visible()
    await expect(chat.answers).to_contain_text("Hallo.")


@pytest.mark.slow
async def test_time_zone_changes_due_dates(ada: Visitor) -> None:
    due = {"at": "2031-05-04T10:00:00Z", "timezone": "Europe/Berlin"}
    await ada.person.api("POST", "/tasks", json={"title": "Launch", "due": due})
    page = await ada.open("/")
    tasks = page.get_by_role("list", name="Tasks")
    await expect(tasks).to_contain_text("12:00")

    dialog = await open_settings(page, "Language and time")
    await dialog.get_by_role("combobox", name="Time zone").select_option("Asia/Tokyo")
    await dialog.get_by_role("button", name="Close").click()

    await expect(tasks).to_contain_text("7:00")


@pytest.mark.slow
async def test_new_password_replaces_the_old_one(ada: Visitor) -> None:
    dialog = await open_settings(await ada.open("/"), "Account")
    ada.watch.expect_status(403, "/api/auth/password")
    ada.watch.expect_status(401, "/api/auth/password")
    ada.watch.expect_status(422, "/api/auth/password")
    current = dialog.get_by_label("Current password")
    button = dialog.get_by_role("button", name="Change password")

    await current.fill("not this one")
    await dialog.get_by_label("New password").fill(NEW_PASSWORD)
    await button.click()
    await expect(current).to_have_attribute("aria-invalid", "true")
    await current.fill(PASSWORD)
    await button.click()

    await expect(dialog.get_by_role("region", name="Notifications")).to_contain_text(
        "Password changed. Other devices are signed out and access tokens revoked."
    )
    assert await _sign_in(ada, NEW_PASSWORD) == 200
    assert await _sign_in(ada, PASSWORD) == 401


async def _sign_in(ada: Visitor, password: str) -> int:
    body = {"email": ada.person.email, "password": password}
    async with httpx.AsyncClient(base_url=ada.watch.origin, timeout=30) as client:
        return (await client.post("/api/auth/sign-in", json=body)).status_code


@pytest.mark.slow
async def test_access_token_reads_tasks_until_revoked(ada: Visitor) -> None:
    dialog = await open_settings(await ada.open("/"), "Access tokens")

    token = await _create_token(dialog)
    assert await _tasks_with(ada, token) == 200
    await dialog.get_by_role("button", name="Revoke: Backup script").click()
    await expect(dialog.get_by_text("No access tokens")).to_be_visible()


@pytest.mark.slow
async def test_signing_out_everywhere_revokes_access_tokens(ada: Visitor) -> None:
    dialog = await open_settings(await ada.open("/"), "Access tokens")
    token = await _create_token(dialog)
    before = await _tasks_with(ada, token)
    ada.watch.expect_status(401, "^/api/")  # the pages' own requests after the sign-out

    await dialog.get_by_role("button", name="Sessions").click()
    await dialog.get_by_role("button", name="Sign out everywhere…").click()
    await expect(dialog.get_by_label("Also revoke my access tokens")).to_be_checked()
    await dialog.get_by_role("button", name="Sign out everywhere", exact=True).click()
    await ada.page.wait_for_url("**/login")

    async def is_refused() -> bool:
        return await _tasks_with(ada, token) == 401

    assert before == 200
    await wait_until(is_refused, timeout_s=15, interval_s=0.2)


async def _create_token(dialog: Locator) -> str:
    await dialog.get_by_text("New access token").click()
    await dialog.get_by_role("textbox", name="Name").fill("Backup script")
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Create token").click()
    return await dialog.get_by_role("textbox", name="New access token").input_value()


async def _tasks_with(ada: Visitor, token: str) -> int:
    url = f"{ada.watch.origin}/api/{ada.person.user_id}/tasks"
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(url, headers={"Authorization": f"Bearer {token}"})).status_code


@pytest.mark.slow
async def test_other_devices_are_listed_and_can_be_signed_out(ada: Visitor) -> None:
    await _sign_in(ada, PASSWORD)
    dialog = await open_settings(await ada.open("/"), "Sessions")
    rows = dialog.get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text="This device")).to_have_count(1)

    await dialog.get_by_role("button", name="End session").click()

    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("This device")


@pytest.mark.slow
async def test_export_downloads_one_file(
    ada: Visitor, model: ScriptedModelServer, tmp_path: Path
) -> None:
    model.answer(Say("Kept."))
    await ada.person.ask("keep this")
    await ada.person.api("POST", "/tasks", json={"title": "In the export"})
    dialog = await open_settings(await ada.open("/"), "Your data")

    async with ada.page.expect_download() as download:
        await dialog.get_by_role("button", name="Download everything").click()

    path = tmp_path / "export.json"
    await (await download.value).save_as(path)
    export = json.loads(path.read_text())
    assert ada.person.email in json.dumps(export["account"])
    assert export["tasks"]["tasks"][0]["title"] == "In the export"
    assert "Kept." in json.dumps(export["chat"])


@pytest.mark.slow
async def test_account_deletion_requires_the_password(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("Hello."))
    chat = await ada.open_chat()
    await chat.send("hello")
    await expect(chat.answers).to_have_text(answer_text("Hello."))
    dialog = await open_settings(ada.page, "Your data")

    await dialog.get_by_role("button", name="Delete account…").click()
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Delete everything").click()

    await ada.page.wait_for_url("**/login")
    assert await _sign_in(ada, PASSWORD) == 401
