"""A well-behaved client: resumes a turn over lost connections, and records everything."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import aiohttp

from chaos.history import PlannedTurn, SeenFrame, SeenTurn
from chaos.model import message_of
from chaos.schedule import Moment
from todochat.testing.person import Person, message

PATIENCE_S: Final = 120.0  # of a turn; generous, for a machine under load
FIRST_PAUSE_S: Final = 0.1
MAX_PAUSE_S: Final = 1.0
# Outlasts a frozen process; pings come every 15 s.
TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=20)
PASSING: Final = frozenset({429, 502, 503, 504})
IN_PROGRESS: Final = "idempotency-in-progress"
EXPIRED: Final = "run-log-expired"

AtMoment = Callable[[Moment], Awaitable[None]]
View = dict[str, dict[str, Any]]


class Talker:
    """One conversation of one user.

    Args:
        at: awaited at each moment of a turn.

    Attributes:
        turns: the observations, turn by turn.
    """

    def __init__(self, session: aiohttp.ClientSession, person: Person, at: AtMoment) -> None:
        self.turns: list[SeenTurn] = []
        self._session = session
        self._person = person
        self._at = at
        self._url = f"{str(person.client.base_url).rstrip('/')}/api/{person.user_id}/chat"
        self._thread_id: str | None = None
        self._view: View = {}
        self._background: list[asyncio.Task[None]] = []
        self._stop_after = 0

    async def talk(self, plans: tuple[PlannedTurn, ...]) -> None:
        """Take the turns in sequence; stop after one that times out."""
        for plan in plans:
            await self._at(Moment(plan.turn_id, "posting"))
            key = f"{plan.turn_id}-{uuid4()}"
            self._stop_after = plan.stopped_after
            turn = self._new_turn(plan, key)
            if plan.is_sent_twice:
                twin = self._second_tab()
                self.turns.append(twin._new_turn(plan, key, tab=1))
                await asyncio.gather(self._live(turn), twin._live(self.turns[-1]))
            else:
                await self._live(turn)
            if not turn.ended:
                break
            await self._at(Moment(plan.turn_id, "over"))
        await asyncio.gather(*self._background)

    def _new_turn(self, plan: PlannedTurn, key: str, tab: int = 0) -> SeenTurn:
        turn = SeenTurn(
            turn_id=plan.turn_id,
            user_id=self._person.user_id,
            key=key,
            posted_at=time.monotonic(),
            tab=tab,
        )
        self.turns.append(turn)
        return turn

    def _second_tab(self) -> "Talker":
        """Return a client of the same conversation that ignores all faults."""
        twin = Talker(self._session, self._person, _ignore_moment)
        twin._thread_id = self._thread_id
        twin._view = dict(self._view)
        return twin

    async def _live(self, turn: SeenTurn) -> None:
        """Take a turn within the timeout."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turn(turn)
        except TimeoutError:
            pass
        turn.over_at = time.monotonic()
        turn.view = dict(self._view)

    async def _turn(self, turn: SeenTurn) -> None:
        pause_s = FIRST_PAUSE_S
        while not turn.ended:
            frames = len(turn.frames)
            try:
                await self._connect(turn)
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                # TimeoutError: the read's. The turn's own timeout propagates as CancelledError.
                turn.broken += 1
            if not turn.ended:
                pause_s = FIRST_PAUSE_S if len(turn.frames) > frames else pause_s * 2
                pause_s = min(pause_s, MAX_PAUSE_S)
                await asyncio.sleep(pause_s)

    async def _connect(self, turn: SeenTurn) -> None:
        """Post the message or resume its run, and read until the connection ends."""
        if turn.run_id:
            last = {"Last-Event-ID": str(turn.frames[-1].seq)} if turn.frames else {}
            request = self._session.get(
                f"{self._url}/runs/{turn.run_id}/events",
                headers=self._headers(last),
                timeout=TIMEOUT,
            )
        else:
            request = self._session.post(
                self._url,
                json=message(message_of(turn.turn_id), self._thread_id),
                headers=self._headers({"Idempotency-Key": turn.key}),
                timeout=TIMEOUT,
            )
            self._background.append(asyncio.create_task(self._posted(turn)))
        async with request as response:
            if response.status != 200:
                await self._refused(turn, response)
                return
            await self._accepted(turn, response)
            await self._read(turn, response)

    async def _posted(self, turn: SeenTurn) -> None:
        """Yield once so that the request is sent first."""
        await asyncio.sleep(0.002)
        await self._at(Moment(turn.turn_id, "posted"))

    async def _stop(self, turn: SeenTurn) -> None:
        """Press Stop until a request succeeds or the run has ended."""
        url = f"{self._url}/runs/{turn.run_id}/cancel"
        while not turn.ended:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                async with self._session.post(
                    url, headers=self._headers({}), timeout=TIMEOUT
                ) as response:
                    if response.status == 202:
                        return
            await asyncio.sleep(FIRST_PAUSE_S)

    async def _refused(self, turn: SeenTurn, response: aiohttp.ClientResponse) -> None:
        problem = _problem(await response.read())
        code = str(problem.get("type", "")).rsplit(":", 1)[-1]
        turn.refusals.append((time.monotonic(), response.status, code))
        if response.status == 410 and code == EXPIRED:
            self._thread_id = problem["thread_id"]
            turn.thread_id = problem["thread_id"]
            turn.ended = "expired"
            await self._reload()
            return
        if response.status in PASSING or code == IN_PROGRESS:
            await asyncio.sleep(min(float(response.headers.get("Retry-After", 0)), MAX_PAUSE_S))
            return
        turn.ended = f"refused with {response.status} {code}"

    async def _accepted(self, turn: SeenTurn, response: aiohttp.ClientResponse) -> None:
        if turn.accepted_at is None:
            turn.accepted_at = time.monotonic()
            turn.run_id = response.headers["X-Run-Id"]
            turn.thread_id = self._thread_id = response.headers["X-Thread-Id"]
            await self._at(Moment(turn.turn_id, "accepted"))

    async def _read(self, turn: SeenTurn, response: aiohttp.ClientResponse) -> None:
        buffer = b""
        async for chunk in response.content.iter_any():
            *blocks, buffer = (buffer + chunk).split(b"\n\n")
            for block in blocks:
                if not block.startswith(b"id: "):
                    continue  # ": ping", ": reconnect"
                frame = parse_frame(block)
                turn.frames.append(frame)
                await self._take(turn, frame)
                if len(turn.frames) == self._stop_after and not turn.tab:
                    self._background.append(asyncio.create_task(self._stop(turn)))
                await self._at(Moment(turn.turn_id, "frame", len(turn.frames)))

    async def _take(self, turn: SeenTurn, frame: SeenFrame) -> None:
        if frame.kind == "event":
            show(self._view, frame.event)
        elif frame.kind == "snapshot":
            await self._reload()
        else:
            turn.ended = frame.status

    async def _reload(self) -> None:
        """Show the stored items, like a client that has missed frames."""
        self._view.clear()
        self._view.update({item["id"]: item for item in await self._stored_items()})

    async def _stored_items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            params = {"thread_id": self._thread_id, "limit": 100, "order": "asc", "after": after}
            page = await self._ask("items.list", params)
            items += page["data"]
            if not page["has_more"]:
                return items
            after = page["after"]

    async def _ask(self, request_type: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Retry until there is a response; the turn's timeout bounds it."""
        body = {"type": request_type, "params": params}
        while True:
            try:
                async with self._session.post(
                    self._url, json=body, headers=self._headers({}), timeout=TIMEOUT
                ) as response:
                    if response.status == 200:
                        answer: dict[str, Any] = await response.json()
                        return answer
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            await asyncio.sleep(MAX_PAUSE_S / 2)

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._person.client_secret}",
            "X-Resumable": "1",
            **more,
        }


async def _ignore_moment(_moment: Moment) -> None:
    """Ignore the moment."""


def parse_frame(block: bytes) -> SeenFrame:
    """Parse one numbered frame."""
    head, _, rest = block.partition(b"\n")
    at, seq = time.monotonic(), int(head[4:])
    if rest.startswith(b"data: "):
        return SeenFrame(at, seq, "event", json.loads(rest[6:]))
    if rest == b": snapshot":
        return SeenFrame(at, seq, "snapshot")
    if rest.startswith(b": end "):
        return SeenFrame(at, seq, "end", status=rest[6:].decode())
    msg = f"a frame that says nothing known: {block!r}"
    raise ValueError(msg)


def show(view: View, event: Mapping[str, Any]) -> None:
    """Apply an event like a client: add, finish, replace or remove an item.

    Unfinished items are kept with `"open": True` until their `done`.
    """
    match event["type"]:
        case "thread.item.added":
            view[event["item"]["id"]] = {**event["item"], "open": True}
        case "thread.item.done" | "thread.item.replaced":
            view[event["item"]["id"]] = event["item"]
        case "thread.item.removed":
            view.pop(event["item_id"], None)


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
