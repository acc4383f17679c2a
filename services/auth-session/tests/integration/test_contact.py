"""A user's address: for the tasks service only, and only for the user it acts for."""

import httpx
import pytest
from auth_kit import SERVICE_TOKENS, Browser, Service, bearer

from todochat.identity.service_tokens import Arrow


async def read(
    browser: Browser, user_id: str, *, arrow: Arrow = Arrow.TASKS_TO_AUTH, named: str | None = None
) -> httpx.Response:
    headers = bearer(SERVICE_TOKENS.mint(arrow, named or user_id))
    return await browser.http.get(f"/internal/users/{user_id}/contact", headers=headers)


async def test_tasks_reads_address_and_time_zone(service: Service, browser: Browser) -> None:
    body = (await browser.sign_up()).json()
    user = body["user"]

    response = await read(browser, user["id"])

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"email": user["email"], "timezone": user["timezone"]}


async def test_unknown_user_has_no_contact(service: Service, browser: Browser) -> None:
    assert (await read(browser, "usr_unknown")).status_code == 404


async def test_token_for_another_user_is_refused(service: Service, browser: Browser) -> None:
    user = (await browser.sign_up()).json()["user"]

    assert (await read(browser, user["id"], named="usr_other")).status_code == 403


@pytest.mark.parametrize("arrow", [arrow for arrow in Arrow if arrow is not Arrow.TASKS_TO_AUTH])
async def test_other_services_are_refused(service: Service, browser: Browser, arrow: Arrow) -> None:
    user = (await browser.sign_up()).json()["user"]

    assert (await read(browser, user["id"], arrow=arrow)).status_code == 401
