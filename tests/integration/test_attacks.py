"""Attacks on identity, over HTTP, against the services of a running stack."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
import pytest_asyncio

from attack_kit import Attack, Ground, bearer
from attack_table import ATTACKS
from stack_kit import Stack
from todochat.testing.issuer import Issuer
from todochat.testing.waiting import wait_until


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ground(stack: Stack, issuer: Issuer) -> AsyncIterator[Ground]:
    async with httpx.AsyncClient(timeout=30) as http:
        ground = Ground(stack, http, issuer)
        try:
            await ground.prepare()
            yield ground
        finally:
            await ground.aclose()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
async def test_attack_gets_the_expected_response(ground: Ground, attack: Attack) -> None:
    answer = await attack.send(ground)

    assert answer.status_code == attack.status, answer.text
    if attack.status in (401, 403):
        assert answer.headers["content-type"] == "application/problem+json"


async def test_sign_out_invalidates_every_token_of_the_session(ground: Ground) -> None:
    login, refresh = await ground.fresh_session()
    secret = (await ground.session(login)).json()["client_secret"]
    before = [
        (await request).status_code
        for request in (ground.me(login), ground.tasks(login), ground.runs(secret))
    ]
    headers = {"Cookie": f"todochat_refresh={refresh}"}

    await ground.http.post(ground.url("auth-session", "/api/auth/sign-out"), headers=headers)

    async def tasks_knows() -> bool:
        return (await ground.tasks(login)).status_code == 401

    assert before == [200, 200, 200]
    assert (await ground.me(login)).status_code == 401
    assert (await ground.session(login)).status_code == 401
    assert (await ground.runs(secret)).status_code == 401
    assert (await ground.refresh(refresh)).status_code == 401
    await wait_until(tasks_knows, 10)


@pytest.mark.slow  # services refresh the keys every 30 s
async def test_signing_key_rotation_keeps_sessions_valid(ground: Ground) -> None:
    login, _ = await ground.fresh_session()
    secret = (await ground.session(login)).json()["client_secret"]

    kid = ground.todochat("admin", "keys", "rotate", "--now").strip()

    async def signs_with_it() -> bool:
        fresh, _ = await ground.fresh_session()
        return bool(kid == jwt.get_unverified_header(fresh)["kid"])

    await wait_until(signs_with_it, 60, interval_s=1)
    fresh, _ = await ground.fresh_session()
    fresh_secret = (await ground.session(fresh)).json()["client_secret"]
    answers = [
        await request
        for request in (
            *(ask(token) for token in (login, fresh) for ask in (ground.me, ground.tasks)),
            *(ground.runs(token) for token in (secret, fresh_secret)),
        )
    ]
    assert [answer.status_code for answer in answers] == [200] * 6


async def test_revocations_survive_a_redis_flush(ground: Ground) -> None:
    login, refresh = await ground.fresh_session()
    secret = (await ground.session(login)).json()["client_secret"]
    headers = {"Cookie": f"todochat_refresh={refresh}"}
    await ground.http.post(ground.url("auth-session", "/api/auth/sign-out"), headers=headers)

    await ground.flush_redis()

    async def is_refused() -> bool:
        answers = [await ground.runs(secret), await ground.tasks(login)]
        return [answer.status_code for answer in answers] == [401, 401]

    await wait_until(is_refused, 15)


async def test_sign_out_everywhere_closes_an_open_feed(ground: Ground) -> None:
    login, _ = await ground.fresh_session()
    url = ground.url("tasks", f"/api/{ground.ada.user_id}/tasks/events")

    async with ground.http.stream("GET", url, headers=bearer(login)) as feed:
        assert feed.status_code == 200
        await ground.http.post(
            ground.url("auth-session", "/api/auth/sign-out-everywhere"), headers=bearer(login)
        )
        async with asyncio.timeout(20):
            lines = [line async for line in feed.aiter_lines()]

    assert ": unauthorized" in lines
