"""A chat stream ends when its credentials expire or are revoked; its run continues."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from stack_kit import SignUp, Stack
from todochat.testing.model_server import Gate, Say, ScriptedModelServer
from todochat.testing.person import PASSWORD, Person, Stream

# The model's API makes no difference here.
pytestmark = pytest.mark.parametrize("model_stack", ["responses"], indirect=True)

DELTA = "assistant_message.content_part.text_delta"


@asynccontextmanager
async def second_browser_of(person: Person, stack: Stack) -> AsyncIterator[Person]:
    """Return the same user, signed in again: another session, with separate cookies."""
    async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
        account = {"email": person.email, "password": PASSWORD}
        signed_in = await client.post("/api/auth/sign-in", json=account)
        browser = Person(client, signed_in.json())
        await browser.open_session()
        yield browser


@asynccontextmanager
async def program_of(
    person: Person, stack: Stack, expires_at: datetime | None = None
) -> AsyncIterator[tuple[Person, str]]:
    """Return a program with the user's access token for the chat, and the token's ID."""
    headers = {"Authorization": f"Bearer {person.login_token}"}
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD}
    if expires_at is not None:
        body["expires_at"] = expires_at.isoformat()
    made = (await person.client.post("/api/auth/tokens", json=body, headers=headers)).json()
    user = {"id": person.user_id, "email": person.email}
    async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
        program = Person(client, {"user": user, "access_token": made["token"]})
        await program.open_session()
        yield program, made["id"]


async def rest_of_run(person: Person, seen: Stream) -> tuple[str, str | None]:
    """Return the rest of a run after its stream was closed: its text, and the end marker."""
    run_id = seen.response.headers["x-run-id"]
    async with person.attach(run_id, after=seen.last_id) as resumed:
        events = await resumed.rest()
    updates = [event.get("update", {}) for event in events]
    text = "".join(update["delta"] for update in updates if update.get("type") == DELTA)
    return text, resumed.ended


async def test_sign_out_closes_only_that_sessions_streams(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two"))
    async with second_browser_of(ada, model_stack) as phone, asyncio.timeout(60):
        async with phone.say("count") as stream:
            await stream.until(DELTA)

            await phone.client.post("/api/auth/sign-out")
            await stream.rest()
            refused = await phone.chatkit("threads.list")

        async with ada.attach(stream.response.headers["x-run-id"]) as other:
            await other.until(DELTA)
            gate.open()
            await other.rest()

    assert stream.comments[-1] == "unauthorized"
    assert refused.status_code == 401
    assert other.ended == "completed"


@pytest.mark.slow
async def test_stream_ends_with_its_secret_and_resumes_with_a_new_one(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two"))
    soon = datetime.now(UTC) + timedelta(seconds=8)
    async with (
        asyncio.timeout(60),
        program_of(ada, model_stack, expires_at=soon) as (program, _),
        program.say("count") as stream,
    ):
        await stream.until(DELTA)
        await stream.rest()

    gate.open()
    assert stream.comments[-1] == "reconnect"
    assert await rest_of_run(ada, stream) == (" two", "completed")


async def test_revoking_an_access_token_closes_its_streams(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two"))
    async with (
        asyncio.timeout(60),
        program_of(ada, model_stack) as (program, token_id),
        program.say("count") as stream,
    ):
        await stream.until(DELTA)
        headers = {"Authorization": f"Bearer {ada.login_token}"}
        await ada.client.delete(f"/api/auth/tokens/{token_id}", headers=headers)
        await stream.rest()

    gate.open()
    assert stream.comments[-1] == "unauthorized"
    assert await rest_of_run(ada, stream) == (" two", "completed")
