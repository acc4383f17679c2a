"""A whole stack for load tests, and its signed-in users."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import httpx

from bench.cpu import Parts, parts_of
from bench.turn_load import Door
from load.paced_model import PacedModel
from stack_kit import run_stack
from todochat.testing.person import Person

PEOPLE: Final = 50  # a user may have 5 runs at once and 60 turns a minute


@asynccontextmanager
async def open_stack(
    model: PacedModel, copies: int = 1, **variables: str
) -> AsyncIterator[tuple[Parts, Sequence[Door]]]:
    """Start a stack that uses `model`, with `copies` workers and gateways.

    Yields its parts and a door for each user.
    """
    environment = {
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
        "TODO_AGENT_WORKER_CONCURRENCY": "200",
        "AUTH_SIGN_UPS_PER_ADDRESS": str(PEOPLE),
        **variables,
    }
    starting = contextmanager(run_stack)("bench", environment, workers=copies, gateways=copies)
    stack = await asyncio.to_thread(starting.__enter__)
    try:
        async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
            people = [await Person.sign_up(client) for _ in range(PEOPLE)]
        doors = [
            Door(
                f"{stack.edge}/api/{person.user_id}/chat",
                {"Authorization": f"Bearer {person.client_secret}", "X-Resumable": "1"},
            )
            for person in people
        ]
        yield parts_of(stack.state), doors
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
