"""What every call of the store and the agent knows about the request it works for."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from chatkit.store import StoreItemType
from chatkit.types import ThreadMetadata

from todochat.ids import derived_id

ID_PREFIXES: Final[dict[StoreItemType, str]] = {
    "thread": "thr",
    "message": "msg",
    "tool_call": "tc",
    "task": "ti",  # a task item of a thread; `tsk` names tasks of the tasks service
    "workflow": "wf",
    "attachment": "atc",
    "sdk_hidden_context": "shcx",
}
TURN_STEP: Final = "turn"

_step: ContextVar[str] = ContextVar("durable_chatkit_id_step", default=TURN_STEP)


@contextmanager
def id_step(step: str) -> Iterator[None]:
    """Scope the ids made inside to one step of the run, for example `answer/0002/1`.

    Parallel tools make ids in an order that differs from attempt to attempt; counted per step,
    each tool's ids are the same again.
    """
    token = _step.set(step)
    try:
        yield
    finally:
        _step.reset(token)


class IdScope:
    """The ids of one run's items: a second attempt at the run makes the same ones.

    Args:
        seed: the run id; in a request without a run, any id that is used once.
        removed: ids that were taken out of the log; they are skipped, so a removed id never
            returns and what is said anew gets the next generation.
    """

    def __init__(self, seed: str, removed: AbstractSet[str] = frozenset()) -> None:
        self.removed = removed
        self._seed = seed
        self._counts: Counter[tuple[str, str]] = Counter()

    def next_id(self, item_type: StoreItemType) -> str:
        """Return the next id of a type in the present step."""
        step = _step.get()
        index = self._counts[step, item_type]
        self._counts[step, item_type] += 1
        return self.derive_id(ID_PREFIXES[item_type], f"{step}/{item_type}", index)

    def derive_id(self, prefix: str, step: str, index: int) -> str:
        """Return the id of the `index`-th thing of a step, in its youngest generation."""
        generation = 0
        while (made := derived_id(prefix, self._seed, step, index, generation)) in self.removed:
            generation += 1
        return made


@dataclass(slots=True, kw_only=True)
class RequestContext:
    """The user, and the run if there is one; openai-chatkit hands it to every method.

    Args:
        user_id: whose data is read and written, from the token or the run, never from a body.
        run_id: set in a worker; writes are then fenced by `attempt`.
        timezone: IANA name.
        locale: BCP 47 tag.
        new_thread_ids: ids made in this request for threads that aren't stored yet.
        loaded_threads: threads as this request first loaded or last saved them, by id.
    """

    user_id: str
    ids: IdScope
    run_id: str | None = None
    attempt: int | None = None
    timezone: str = "UTC"
    locale: str = "en"
    traceparent: str | None = None
    new_thread_ids: set[str] = field(default_factory=set)
    loaded_threads: dict[str, ThreadMetadata] = field(default_factory=dict)
