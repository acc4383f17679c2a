"""Limits of a request, tested on both sides of the limit."""

import msgspec
from api_kit import Gateway, OpenGateway
from chat_kit import MakeMessage, MakeUser

from todochat.errors import BadRequestError

BODY_LIMIT_BYTES = 256 * 1024
JSON = {"Content-Type": "application/json"}


async def test_body_limit_is_256_kib(gateway: Gateway, make_user: MakeUser) -> None:
    body = msgspec.json.encode({"message": "hi"})

    at_limit = await gateway.chatkit(body.ljust(BODY_LIMIT_BYTES), make_user())
    beyond = await gateway.chatkit(body.ljust(BODY_LIMIT_BYTES + 1), make_user())

    assert (at_limit.status_code, beyond.status_code) == (202, 413)


async def test_idempotency_key_limit_is_128_characters(
    gateway: Gateway, make_user: MakeUser, message: MakeMessage
) -> None:
    at_limit = await gateway.chatkit(message(), make_user(), Idempotency_Key="k" * 128)
    beyond = await gateway.chatkit(message(), make_user(), Idempotency_Key="k" * 129)

    assert (at_limit.status_code, beyond.status_code) == (202, BadRequestError.status)


async def test_run_list_is_limited_to_fifty(
    open_gateway: OpenGateway, make_user: MakeUser, message: MakeMessage
) -> None:
    gateway = await open_gateway(TODO_AGENT_MAX_RUNS_PER_USER="51")
    user = make_user()
    made: list[str] = []
    for count in (50, 51):
        while len(made) < count:
            made.append((await gateway.chatkit(message(), user)).json()["run_id"])
        response = await gateway.get("/internal/runs?status=active", user)

        listed = [item["run_id"] for item in response.json()["items"]]

        assert len(listed) == 50
        assert set(listed) <= set(made)
