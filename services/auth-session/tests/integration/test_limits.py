"""The limits of requests from both sides; lengths of an account's fields are in test_sign_up.py."""

import json

import pytest
from auth_kit import Browser, bearer

BODY_LIMIT_BYTES = 16 * 1024
JSON = {"Content-Type": "application/json"}


async def test_a_body_is_taken_up_to_16_kib_and_not_beyond(browser: Browser) -> None:
    await browser.sign_up()
    body = json.dumps({"email": browser.email, "password": browser.password}).encode()

    answers = [
        await browser.http.post("/api/auth/sign-in", content=body.ljust(size), headers=JSON)
        for size in (BODY_LIMIT_BYTES, BODY_LIMIT_BYTES + 1)
    ]

    assert [answer.status_code for answer in answers] == [200, 413]


@pytest.mark.parametrize(
    ("field", "limit", "taken"),
    [("email", 254, 401), ("password", 256, 401)],
)
async def test_a_sign_in_is_read_up_to_its_limits_and_not_beyond(
    browser: Browser, field: str, limit: int, taken: int
) -> None:
    at_limit = await browser.sign_in(**{field: "x" * limit})
    beyond = await browser.sign_in(**{field: "x" * (limit + 1)})

    assert (at_limit.status_code, beyond.status_code) == (taken, 422)


async def test_an_invitation_is_read_up_to_64_characters_and_not_beyond(
    browser: Browser,
) -> None:
    at_limit = await browser.sign_up(invitation="x" * 64)
    beyond = await browser.sign_up(invitation="x" * 65)

    assert (at_limit.status_code, beyond.status_code) == (201, 422)


async def test_a_user_id_is_read_up_to_128_characters_and_not_beyond(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    answers = [
        await browser.post("/api/chatkit/session", {"user_id": "x" * length}, headers=bearer(token))
        for length in (128, 129)
    ]

    assert [answer.status_code for answer in answers] == [403, 422]
