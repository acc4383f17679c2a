"""Users of an installation: an account with an invitation, and turns while something happens."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from chaos.kill_kit import ResumingClient, Turn, is_message, text_of
from compose_check.model_program import TOKENS
from load.paced_model import token
from todochat.testing import wait_until
from todochat.testing.person import PASSWORD, Person

TEXT = "".join(token(number) for number in range(TOKENS))
TITLE = "milk"
WAIT_S = 120.0


@dataclass
class Traffic:
    """The turns of some users until the end of a block."""

    people: Sequence[Person]
    turns: list[tuple[Person, Turn]] = field(default_factory=list)
    breaks: int = 0
    slowest_s: float = 0

    async def wait_for_turns(self) -> None:
        """Wait until each user has started and finished another turn."""
        wanted = len(self.turns) + 2 * len(self.people)
        await wait_until(lambda: len(self.turns) >= wanted, WAIT_S, interval_s=0.2)

    def __str__(self) -> str:
        return (
            f"{len(self.turns)} turns, {self.breaks} reconnects, none failed,"
            f" the slowest took {self.slowest_s:.1f} s"
        )


@asynccontextmanager
async def traffic(people: Sequence[Person]) -> AsyncIterator[Traffic]:
    """Let users send messages without a pause; at the end every turn must have succeeded."""
    seen, over = Traffic(people), asyncio.Event()
    counts = [await count_tasks(person) for person in people]

    async def talk(person: Person) -> None:
        while not over.is_set():
            client, began = ResumingClient(person), time.monotonic()
            seen.turns.append((person, await client.turn("add milk")))
            seen.breaks += client.breaks
            seen.slowest_s = max(seen.slowest_s, time.monotonic() - began)

    talking = [asyncio.create_task(talk(person)) for person in people]
    try:
        yield seen
        over.set()
        await asyncio.gather(*talking)
    finally:
        for task in talking:
            task.cancel()
    for person, turn in seen.turns:
        assert turn.ended == "completed", f"{turn.run_id} ended {turn.ended}"
        assert await stored_text(person, turn.thread_id) == TEXT, f"{turn.run_id}: another text"
    for person, before in zip(people, counts, strict=True):
        turns = sum(each is person for each, _ in seen.turns)
        assert await count_tasks(person) == before + turns, "a task is missing or there twice"


async def stored_text(person: Person, thread_id: str) -> str:
    """Return the assistant's messages in a thread, as stored."""
    params = {"thread_id": thread_id, "limit": 100, "order": "asc"}
    items = (await person.chatkit("items.list", params)).json()["data"]
    return "".join(text_of(item) for item in items if is_message(item))


async def count_tasks(person: Person) -> int:
    """Return the number of a user's tasks, from the pages of the API."""
    count = 0
    cursor: dict[str, str] = {}
    while True:
        answer = await person.api("GET", "/tasks", params={"limit": 100, **cursor})
        answer.raise_for_status()
        page = answer.json()
        count += len(page["items"])
        if not page.get("next_cursor"):
            return count
        cursor = {"cursor": page["next_cursor"]}


async def renew(person: Person) -> None:
    """Sign in again, since a token is valid for 15 minutes."""
    signed_in = await sign_in(person.client, person.email)
    person.login_token, person.client_secret = signed_in.login_token, signed_in.client_secret


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Person:
    """Sign in to an existing account."""
    answer = await client.post("/api/auth/sign-in", json={"email": email, "password": password})
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
    person = Person(client, answer.json())
    await person.open_session()
    return person
