"""One seed on a running stack."""

import asyncio
import time
import traceback
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx

from chaos.agents import entry_of
from chaos.checker import check
from chaos.client import Talker
from chaos.evidence import gather_evidence
from chaos.faults import FaultDirector
from chaos.history import History
from chaos.model import ChaosModel
from chaos.schedule import Schedule
from chaos.stack import Processes
from chaos.violation import Violation
from todochat.testing.person import PASSWORD, Person

SIGN_OUT_TIMEOUT_S: Final = 15.0
HEAL_S: Final = 5.0


@dataclass(frozen=True)
class SeedResult:
    """The result of a seed."""

    schedule: Schedule
    history: History
    violations: list[Violation]
    took_s: float


async def run_seed(
    schedule: Schedule, processes: Processes, model: ChaosModel, director: FaultDirector
) -> SeedResult:
    """Run the conversations and the faults, then check the result."""
    began = time.monotonic()
    history = History(schedule.seed, schedule.turns, entry=entry_of(schedule.seed))
    model.learn(schedule.turns)
    director.begin(schedule.faults, processes, model.asked_from)
    try:
        async with httpx.AsyncClient(base_url=processes.edge, timeout=30) as client:
            await _live_through(history, schedule, processes, director, client)
    except Exception as error:  # noqa: BLE001 - any exception fails the seed
        history.problems.append("".join(traceback.format_exception(error)))
    finally:
        await director.finish()
    history.faults = sorted(director.done, key=lambda fault: fault.at)
    history.model_calls, history.outcomes = model.calls, model.outcomes
    history.notes = model.notes
    return SeedResult(schedule, history, check(history), time.monotonic() - began)


async def _live_through(
    history: History,
    schedule: Schedule,
    processes: Processes,
    director: FaultDirector,
    client: httpx.AsyncClient,
) -> None:
    people = [await Person.sign_up(client) for _ in schedule.conversations]
    signed_out = await _sign_out_elsewhere(people[0])
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        talkers = [Talker(session, person, director.at) for person in people]
        async with asyncio.TaskGroup() as group:
            for talker, plans in zip(talkers, schedule.conversations, strict=True):
                group.create_task(talker.talk(plans))
    history.turns = [turn for talker in talkers for turn in talker.turns]
    await director.finish()
    await processes.calm()
    await _check_signed_out(client, people[0], signed_out, history)
    await gather_evidence(history, processes, [person.user_id for person in people])


async def _sign_out_elsewhere(person: Person) -> str:
    """Sign the user in again and out again; return that session's client secret."""
    account = {"email": person.email, "password": PASSWORD}
    signed_in = (await person.client.post("/api/auth/sign-in", json=account)).json()
    other = Person(person.client, signed_in)
    await other.open_session()
    response = await person.client.post(
        "/api/auth/sign-out", headers={"Authorization": f"Bearer {other.login_token}"}
    )
    response.raise_for_status()
    person.client.cookies.clear()
    return other.client_secret


async def _check_signed_out(
    client: httpx.AsyncClient, person: Person, client_secret: str, history: History
) -> None:
    """Check that the session that was signed out before the faults is still signed out.

    auth-session checks every second whether Redis still has its revocations.
    """
    url = f"/api/{person.user_id}/chat"
    body = {"type": "threads.list", "params": {}}
    headers = {"Authorization": f"Bearer {client_secret}"}
    began = time.monotonic()
    while True:
        response = await client.post(url, json=body, headers=headers)
        if response.status_code == 401:
            return
        limit_s = HEAL_S if response.status_code == 200 else SIGN_OUT_TIMEOUT_S
        if time.monotonic() > began + limit_s:
            history.problems.append(f"a signed-out secret got {response.status_code}")
            return
        await asyncio.sleep(0.2)
