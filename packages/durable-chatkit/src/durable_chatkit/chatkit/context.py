"""Context of a request or run, passed to each call of the store and the agent."""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from chatkit.store import StoreItemType
from chatkit.types import ThreadMetadata

from durable_chatkit.storage.run_repository import Opening
from todochat.ids import derived_id

ID_PREFIXES: Final[dict[StoreItemType, str]] = {
    "thread": "thr",
    "message": "msg",
    "tool_call": "tc",
    "task": "ti",  # a task item of a thread; other services may use `tsk` for their tasks
    "workflow": "wf",
    "attachment": "atc",
    "sdk_hidden_context": "shcx",
}
TURN_STEP: Final = "turn"

_step: ContextVar[str] = ContextVar("durable_chatkit_id_step", default=TURN_STEP)
_written: ContextVar[list[str] | None] = ContextVar("durable_chatkit_written", default=None)


@contextmanager
def id_step(step: str) -> Iterator[None]:
    """Scope the ids generated inside to one step of the run, for example `answer/0002/1`.

    Parallel tools generate ids in an order that differs between attempts. Counting per step gives
    each tool the same ids in every attempt.
    """
    token = _step.set(step)
    try:
        yield
    finally:
        _step.reset(token)


@contextmanager
def collect_written_items(item_ids: list[str]) -> Iterator[None]:
    """Append the ids of items that code inside writes to the store itself, without an event.

    A finished call isn't repeated by a later attempt, so its journal entry owns these items.
    """
    token = _written.set(item_ids)
    try:
        yield
    finally:
        _written.reset(token)


def note_written_item(item_id: str) -> None:
    """Add an item to the innermost `collect_written_items`, if any."""
    written = _written.get()
    if written is not None and item_id not in written:
        written.append(item_id)


class IdScope:
    """Generates ids of a run's items, the same in every attempt.

    Args:
        seed: the run id; in a request without a run, any unique id.
        removed: ids of items removed from the log. They are never reused: an item that is
            published again gets an id of the next generation.
    """

    def __init__(self, seed: str, removed: AbstractSet[str] = frozenset()) -> None:
        self.removed = removed
        self._seed = seed
        self._counts: Counter[tuple[str, str]] = Counter()
        self._reserved: dict[tuple[str, str], str] = {}

    def reserve(self, item_type: StoreItemType, item_id: str | None) -> None:
        """Set the next id of a type in the current step; None cancels the reservation."""
        if item_id is None:
            self._reserved.pop((_step.get(), item_type), None)
        else:
            self._reserved[_step.get(), item_type] = item_id

    def next_id(self, item_type: StoreItemType) -> str:
        """Return the next id of a type in the current step."""
        step = _step.get()
        reserved = self._reserved.pop((step, item_type), None)
        if reserved is not None:
            return reserved
        index = self._counts[step, item_type]
        self._counts[step, item_type] += 1
        return self.derive_id(ID_PREFIXES[item_type], f"{step}/{item_type}", index)

    def derive_id(self, prefix: str, step: str, index: int) -> str:
        """Return the id of the `index`-th item of a step, in its latest generation."""
        generation = 0
        while (item_id := derived_id(prefix, self._seed, step, index, generation)) in self.removed:
            generation += 1
        return item_id


class TurnItems:
    """The items of one attempt at a run.

    Args:
        stored: items of finished steps, with their times, that earlier attempts stored.
        replayed: ids of those that replayed calls have written to the store without an event.

    Attributes:
        added: ids of the items that this attempt has added.
        is_closing: the turn ends; its open items may be added again.
        is_titling: the turn ends with a title, which is stored with the run's outcome.
    """

    def __init__(
        self,
        stored: Mapping[str, datetime] = MappingProxyType({}),
        replayed: AbstractSet[str] = frozenset(),
    ) -> None:
        self.stored = stored
        self.replayed = replayed
        self.added: set[str] = set()
        self.is_closing = False
        self.is_titling = False

    @property
    def unseen(self) -> AbstractSet[str]:
        """Stored items that this attempt hasn't added yet.

        Pages of items don't contain them, as if no attempt had been before this one.
        """
        return self.stored.keys() - self.added - self.replayed

    def mark_added(self, item_id: str) -> None:
        """Record that this attempt has added an item."""
        self.added.add(item_id)


@dataclass(slots=True, kw_only=True)
class RequestContext:
    """The user and, in a worker, the run; openai-chatkit passes it to every store method.

    Args:
        user_id: owner of the data, from the token or the run, never from a request body.
        run_id: set in a worker; writes are then fenced by `attempt`.
        timezone: IANA name.
        locale: BCP 47 tag.
        headers: headers of the client's request that chat-gateway forwards, by lower-case name.
        new_thread_ids: ids generated in this request for threads that aren't stored yet.
        loaded_threads: threads by id, as first loaded or last saved in this request.
        turn_items: set in a worker while it drives a turn.
        opening: the run's thread as claimed, which the store reads instead of PostgreSQL until the
            run writes to the thread, or its answer begins.
    """

    user_id: str
    ids: IdScope
    run_id: str | None = None
    attempt: int | None = None
    timezone: str = "UTC"
    locale: str = "en"
    traceparent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    new_thread_ids: set[str] = field(default_factory=set)
    loaded_threads: dict[str, ThreadMetadata] = field(default_factory=dict)
    turn_items: "TurnItems | None" = None
    opening: Opening | None = None

    @property
    def is_titling(self) -> bool:
        """True at the end of a turn that titles its thread, see `TurnItems`."""
        return self.turn_items is not None and self.turn_items.is_titling

    def find_opening(self, thread_id: str) -> Opening | None:
        """Return the opening if it still is the state of this thread."""
        opening = self.opening
        return opening if opening is not None and opening.thread.id == thread_id else None
