"""A personal access token, from the edge to every service that accepts it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from stack_kit import SignUp, Stack
from todochat.testing import wait_until
from todochat.testing.person import PASSWORD, Person


async def create_token(person: Person, *scopes: str) -> tuple[str, str]:
    """Return ID and token."""
    headers = {"Authorization": f"Bearer {person.login_token}"}
    body = {"name": "cron", "scopes": list(scopes), "password": PASSWORD}
    made = (await person.client.post("/api/auth/tokens", json=body, headers=headers)).json()
    return made["id"], made["token"]


async def revoke(person: Person, token_id: str) -> None:
    headers = {"Authorization": f"Bearer {person.login_token}"}
    answer = await person.client.delete(f"/api/auth/tokens/{token_id}", headers=headers)
    assert answer.status_code == 204


@asynccontextmanager
async def program_of(person: Person, stack: Stack, token: str) -> AsyncIterator[Person]:
    """Return a user's program, which has only the token."""
    async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
        user = {"id": person.user_id, "email": person.email}
        yield Person(client, {"user": user, "access_token": token})


async def test_program_uses_tasks_and_chats_until_its_token_is_revoked(
    stack: Stack, sign_up: SignUp
) -> None:
    ada = await sign_up(stack)
    token_id, token = await create_token(ada, "tasks", "chat")
    async with program_of(ada, stack, token) as program:
        await program.api("POST", "/tasks", json={"title": "from a script"})
        await program.open_session()
        answer = await program.ask("add buy milk")
        titles = {task["title"].lower() for task in await ada.tasks()}

        await revoke(ada, token_id)

        async def is_shut_out() -> bool:
            tasks = await program.api("GET", "/tasks")
            threads = await program.chatkit("threads.list")
            return (tasks.status_code, threads.status_code) == (401, 401)

        assert answer.ended == "completed"
        assert titles == {"from a script", "buy milk"}
        await wait_until(is_shut_out, timeout_s=15, interval_s=0.2)
        assert (await ada.api("GET", "/tasks")).status_code == 200


async def test_password_change_revokes_access_tokens(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    _, token = await create_token(ada, "tasks", "chat")
    async with program_of(ada, stack, token) as program:
        before = (await program.api("GET", "/tasks")).status_code
        await program.open_session()

        changed = await ada.client.post(
            "/api/auth/password",
            json={"current_password": PASSWORD, "new_password": "a better horse battery"},
            headers={"Authorization": f"Bearer {ada.login_token}"},
        )

        async def is_shut_out() -> bool:
            tasks = await program.api("GET", "/tasks")
            threads = await program.chatkit("threads.list")
            return (tasks.status_code, threads.status_code) == (401, 401)

        assert (before, changed.status_code) == (200, 204)
        await wait_until(is_shut_out, timeout_s=15, interval_s=0.2)
        assert (await ada.api("GET", "/tasks")).status_code == 200


async def test_revoking_a_token_closes_its_feeds(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    token_id, token = await create_token(ada, "tasks")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"/api/{ada.user_id}/tasks/events"

    async with asyncio.timeout(20), ada.client.stream("GET", url, headers=headers) as feed:
        lines = feed.aiter_lines()
        assert (await anext(lines)).startswith("id:")
        await revoke(ada, token_id)
        rest = [line async for line in lines]

    assert ": unauthorized" in rest


async def test_each_scope_grants_only_its_own_routes(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    _, for_tasks = await create_token(ada, "tasks")
    _, for_chat = await create_token(ada, "chat")

    statuses = []
    for token in (for_tasks, for_chat):
        headers = {"Authorization": f"Bearer {token}"}
        tasks = await ada.client.get(f"/api/{ada.user_id}/tasks", headers=headers)
        chat = await ada.client.post("/api/chatkit/session", headers=headers)
        statuses.append((tasks.status_code, chat.status_code))

    assert statuses == [(200, 403), (403, 200)]


async def test_internal_routes_are_not_public(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    _, token = await create_token(ada, "tasks")

    verify = await ada.client.post("/internal/access-tokens/verify", json={"token": token})
    erase = await ada.client.delete(f"/internal/users/{ada.user_id}")

    assert (verify.status_code, erase.status_code) == (404, 404)
