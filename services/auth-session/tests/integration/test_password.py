"""Changing the password."""

import asyncpg
import httpx
import pytest
from auth_kit import PASSWORD, Browser, Service, bearer

NEW = "a better horse battery"


async def change(browser: Browser, token: str, **fields: object) -> httpx.Response:
    body = {"current_password": PASSWORD, "new_password": NEW, **fields}
    return await browser.post("/api/auth/password", body, headers=bearer(token))


async def test_only_the_new_password_signs_in(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    response = await change(browser, token)

    assert (response.status_code, response.content) == (204, b"")
    assert (await browser.sign_in()).status_code == 401
    assert (await browser.sign_in(password=NEW)).status_code == 200


async def test_a_password_change_ends_every_other_session(service: Service) -> None:
    here, elsewhere = service.browser(), service.browser()
    elsewhere.email = here.email
    token = (await here.sign_up()).json()["access_token"]
    other = (await elsewhere.sign_in()).json()["access_token"]

    await change(here, token)

    assert (await here.me(token)).status_code == 200
    assert (await here.refresh()).status_code == 200
    assert (await elsewhere.me(other)).status_code == 401
    assert (await elsewhere.refresh()).status_code == 401


async def test_a_change_requires_the_current_password(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    response = await change(browser, token, current_password="not the password")

    assert response.status_code == 403
    assert response.json()["type"] == "urn:todochat:problem:wrong-password"
    assert (await browser.sign_in()).status_code == 200


async def test_wrong_passwords_count_as_failed_sign_ins(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    guesses = [await change(browser, token, current_password="not it") for _ in range(10)]
    late = await change(browser, token)

    assert {response.status_code for response in guesses} == {403}
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert (await browser.sign_in()).status_code == 429


@pytest.mark.parametrize(
    "new", ["short", "password123", "x" * 257], ids=["too-short", "common", "too-long"]
)
async def test_an_unacceptable_new_password_is_refused(browser: Browser, new: str) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    response = await change(browser, token, new_password=new)

    assert response.status_code == 422
    assert "new_password" in response.text
    assert (await browser.sign_in()).status_code == 200


async def test_the_e_mail_address_is_refused_as_password(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    response = await change(browser, token, new_password=browser.email)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/new_password"


async def test_an_account_without_a_password_is_a_conflict(
    browser: Browser, database: asyncpg.Connection
) -> None:
    body = (await browser.sign_up()).json()
    await database.execute("DELETE FROM passwords WHERE user_id = $1", body["user"]["id"])

    response = await change(browser, body["access_token"])

    assert response.status_code == 409
    assert response.json()["type"] == "urn:todochat:problem:no-password"
