"""A whole installation whose Redis has reached `maxmemory`."""

from typing import Any

from redis.asyncio import Redis

from stack_kit import SignUp, Stack
from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory
from todochat.testing.person import Person, message

MAX_SIGN_OUT_S = 10.0


async def is_signed_out(person: Person) -> bool:
    """Return whether both services that verify tokens refuse the user's."""
    chat = await person.chatkit("threads.list")
    tasks = await person.api("GET", "/tasks")
    return (chat.status_code, tasks.status_code) == (401, 401)


async def test_full_redis_refuses_messages_and_applies_sign_outs(
    stack: Stack, sign_up: SignUp
) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    redis: Any = Redis.from_url(stack.state["redis"]["url"])
    hello = message("hello")

    async with out_of_memory(redis):
        refused = await bob.chatkit(hello["type"], hello["params"])
        readable = await bob.api("GET", "/tasks")
        signed_out = await ada.client.post("/api/auth/sign-out")
        await wait_until(lambda: is_signed_out(ada), MAX_SIGN_OUT_S)

    await redis.aclose()
    assert (refused.status_code, readable.status_code) == (503, 200)
    assert int(refused.headers["Retry-After"]) >= 1
    assert signed_out.status_code == 204
    assert not (await bob.ask("add milk")).errors
