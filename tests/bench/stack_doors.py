"""A whole stack for load tests, and its signed-in users."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from bench.cpu import Parts, parts_of, proportional_bytes
from bench.turn_load import Door
from load.paced_model import PacedModel
from stack_kit import run_stack
from todochat.testing.person import Person

PEOPLE: Final = 50  # a user may have 5 runs at once


@dataclass(frozen=True)
class LoadedStack:
    """A running stack.

    Attributes:
        doors: one for each user.
        idle_bytes: proportional set size by part, before the first turn.
    """

    parts: Parts
    doors: Sequence[Door]
    idle_bytes: dict[str, int]


@asynccontextmanager
async def open_stack(
    model: PacedModel, copies: int = 1, **variables: str
) -> AsyncIterator[LoadedStack]:
    """Start a stack that uses `model`, with `copies` workers and gateways."""
    environment = {
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
        "AUTH_SIGN_UPS_PER_ADDRESS": str(PEOPLE),
        # Short turns without a pause are more than the 60 a minute that a user may have.
        "CHAT_GATEWAY_TURNS_PER_MINUTE": "6000",
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
        parts = parts_of(stack.state)
        yield LoadedStack(parts, doors, proportional_bytes(parts))
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
