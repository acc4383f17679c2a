"""The journal of one run: loaded once at the claim, then append-only."""

import asyncio
from collections.abc import Collection
from typing import Final

import msgspec
from agents import TResponseInputItem

from durable_chatkit.agent.model_replay import AnswerStep
from durable_chatkit.agent.run_scope import CALL_KINDS, INPUT_KEY, is_choice, step_kind
from durable_chatkit.agent.tool_replay import ToolStep
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.usage_repository import AnswerUsage
from todochat.faults import fault_point

_OWNING: Final = frozenset({"thread.item.added", "thread.item.done"})


class StepJournal:
    """Steps of all attempts; implements `durable_chatkit.agent.run_scope.Journal`."""

    def __init__(
        self, runs: RunRepository, run_id: str, attempt: int, steps: dict[str, bytes]
    ) -> None:
        self._runs = runs
        self._run_id = run_id
        self._attempt = attempt
        self._steps = steps
        self._unsaved: dict[str, bytes] = {}  # saved with the next step
        self._saving = asyncio.Lock()

    def get(self, key: str) -> bytes | None:
        """Return a step's payload, None if no attempt has finished the step."""
        return self._steps.get(key)

    def keys(self) -> Collection[str]:
        """Return the keys of all steps."""
        return self._steps.keys()

    def has_choice(self, name: str) -> bool:
        """Return whether a call of the run has recorded a choice of this name, in any attempt."""
        return any(is_choice(key, name) for key in self._steps)

    def note(self, key: str, payload: bytes) -> None:
        """Insert a step together with the next one that is saved."""
        self._steps[key] = self._unsaved[key] = payload

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Insert a step.

        Raises:
            RunLostError: a later attempt has the run.
        """
        kind = step_kind(key)
        fault_point(f"{kind}.unsaved")
        async with self._saving:  # no other step may be saved before the unsaved ones
            earlier = self._unsaved.copy()  # more may be added while these are saved
            await self._runs.save_step(self._run_id, self._attempt, key, payload, usage, earlier)
            self._unsaved = {k: v for k, v in self._unsaved.items() if k not in earlier}
        self._steps[key] = payload
        fault_point(f"{kind}.saved")

    @property
    def input(self) -> list[TResponseInputItem] | None:
        """The history that the run started with, None if no attempt has loaded it."""
        payload = self._steps.get(INPUT_KEY)
        return None if payload is None else msgspec.json.decode(payload)

    async def save_input(self, items: list[TResponseInputItem], *, now: bool) -> None:
        """Store the history; for later attempts the thread contains the run's own items.

        Args:
            now: the history can't be loaded again. Otherwise it is saved with the next step: until
                then the run has no items that stay in the thread.
        """
        payload = msgspec.json.encode(items)
        if now:
            await self.save(INPUT_KEY, payload)
        else:
            self.note(INPUT_KEY, payload)

    def owned_item_ids(self, keys: Collection[str] | None = None) -> set[str]:
        """Return the IDs of the items that finished model calls and other calls have published.

        Args:
            keys: the steps to read; by default all.
        """
        owned: set[str] = set()
        for key in self._steps if keys is None else keys:
            kind, payload = step_kind(key), self._steps[key]
            if kind == "answer":
                answer = msgspec.json.decode(payload, type=AnswerStep)
                owned.update(answer.message_ids, answer.item_ids)
            elif kind in CALL_KINDS:
                step = msgspec.json.decode(payload, type=ToolStep)
                owned.update(step.item_ids)
                events = map(msgspec.json.decode, step.events)
                owned.update(e["item"]["id"] for e in events if e["type"] in _OWNING)
                if step.workflow_item is not None:
                    owned.add(step.workflow_item["id"])
        return owned
