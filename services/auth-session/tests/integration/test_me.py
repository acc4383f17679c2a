"""The user's own account."""

import httpx
import pytest
from auth_kit import Browser, MovableClock


async def change(browser: Browser, token: str, **fields: object) -> httpx.Response:
    return await browser.http.patch(
        "/api/auth/me", json=fields, headers={"Authorization": f"Bearer {token}"}
    )


async def test_the_account_equals_the_sign_up_response(browser: Browser) -> None:
    body = (await browser.sign_up(name="Grace", timezone="Asia/Tokyo", locale="ja")).json()

    response = await browser.me(body["access_token"])

    assert response.status_code == 200
    assert response.json() == body["user"]
    assert response.headers["cache-control"] == "no-store"


async def test_name_timezone_and_locale_can_be_changed_and_removed(browser: Browser) -> None:
    body = (await browser.sign_up(name="Grace", timezone="Asia/Tokyo")).json()
    token = body["access_token"]

    changed = await change(browser, token, name=" Hopper ", locale="en-GB")
    removed = await change(browser, token, timezone=None)

    user = {**body["user"], "name": "Hopper", "locale": "en-GB"}
    assert changed.json() == user
    assert removed.json() == {**user, "timezone": None}
    assert (await browser.me(token)).json() == removed.json()


async def test_an_empty_update_changes_nothing(browser: Browser) -> None:
    body = (await browser.sign_up(name="Grace")).json()

    response = await change(browser, body["access_token"])

    assert response.json() == body["user"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * 101},
        {"timezone": "Mars/Olympus"},
        {"locale": "?"},
        {"email": "other@example.com"},
        {"id": "usr_other"},
        {"name": ["Grace"]},
    ],
)
async def test_an_invalid_update_changes_nothing(
    browser: Browser, fields: dict[str, object]
) -> None:
    body = (await browser.sign_up(name="Grace")).json()

    response = await change(browser, body["access_token"], **fields)

    assert response.status_code == 422
    assert (await browser.me(body["access_token"])).json() == body["user"]


@pytest.mark.parametrize("token", ["", "x.y.z", "x" * 5000])
async def test_an_invalid_token_is_401(browser: Browser, token: str) -> None:
    read, changed = await browser.me(token), await change(browser, token, name="Grace")

    assert (read.status_code, changed.status_code) == (401, 401)
    assert read.headers["www-authenticate"] == "Bearer"


async def test_a_client_secret_is_not_accepted_as_a_login_token(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]
    secret = (await browser.client_secret(token)).json()["client_secret"]

    assert (await browser.me(secret)).status_code == 401
    assert (await browser.client_secret(secret)).status_code == 401


async def test_a_login_token_expires_after_fifteen_minutes_and_thirty_seconds_of_leeway(
    browser: Browser, clock: MovableClock
) -> None:
    clock.advance(minutes=-15, seconds=-20)
    within = (await browser.sign_up()).json()["access_token"]
    clock.advance(seconds=-20)
    over = (await browser.sign_in()).json()["access_token"]

    assert (await browser.me(within)).status_code == 200
    assert (await browser.me(over)).status_code == 401
