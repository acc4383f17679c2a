"""What is written down of a seed: what clients saw, what was done to whom, what is stored in the end.

Times are seconds of one monotonic clock. Everything is plain data: the checker needs no stack.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

# `unsure`: the model was told that nobody knows. `unknown`: it was told nothing yet.
Told = Literal["done", "refused", "unsure", "unknown"]


@dataclass(frozen=True)
class TurnId:
    """A turn of a conversation of a seed."""

    seed: int
    conversation: int
    turn: int

    def __str__(self) -> str:
        return f"s{self.seed}c{self.conversation}t{self.turn}"


@dataclass(frozen=True)
class PlannedCall:
    """A tool call that the scripted model makes.

    Args:
        title: of the task that it adds, completes or deletes; "" for a list.
    """

    tool: Literal["add_task", "list_tasks", "complete_task", "delete_task"]
    title: str = ""


@dataclass(frozen=True)
class Step:
    """One answer of the model: perhaps something said, perhaps calls, made side by side."""

    said: tuple[str, ...] = ()
    calls: tuple[PlannedCall, ...] = ()

    @property
    def text(self) -> str:
        """What is said, joined."""
        return "".join(self.said)


@dataclass(frozen=True)
class PlannedTurn:
    """What the model does with one message; the last step makes no calls.

    Args:
        is_sent_twice: two tabs send the message at the same moment, under the same key.
        stopped_after: the person presses Stop after so many frames; 0 for not at all.
    """

    turn_id: TurnId
    steps: tuple[Step, ...]
    is_sent_twice: bool = False
    stopped_after: int = 0

    @property
    def calls(self) -> list[PlannedCall]:
        """All calls, in the order in which their results reach the model."""
        return [call for step in self.steps for call in step.calls]

    @property
    def texts(self) -> list[str]:
        """What the person reads, message by message."""
        return [step.text for step in self.steps if step.said]


@dataclass(frozen=True)
class SeenFrame:
    """A frame as a client read it.

    Attributes:
        seq: its `id:`.
        kind: what it is; pings have no place here.
        event: the JSON of an event.
    """

    at: float
    seq: int
    kind: Literal["event", "snapshot", "end"]
    event: dict[str, Any] = field(default_factory=dict)
    status: str = ""


@dataclass
class SeenTurn:
    """A turn as its client lived through it.

    Attributes:
        tab: 1 for the second one of a message that was sent twice.
        run_id: as the answer's header named it; "" if no answer came.
        frames: of all its connections, in the order of arrival; nothing is left out.
        refusals: answers other than a stream, as (time, status, code).
        broken: connections that were lost or could not be made.
        ended: how the client knows that it is over: the end marker's word, "expired" (410), or ""
            when it ran out of patience.
        view: the thread's items as the client shows them at the end, by id.
    """

    turn_id: TurnId
    user_id: str
    key: str
    posted_at: float
    run_id: str = ""
    thread_id: str = ""
    accepted_at: float | None = None
    over_at: float = 0.0
    frames: list[SeenFrame] = field(default_factory=list)
    refusals: list[tuple[float, int, str]] = field(default_factory=list)
    broken: int = 0
    ended: str = ""
    view: dict[str, dict[str, Any]] = field(default_factory=dict)
    tab: int = 0


@dataclass(frozen=True)
class Fault:
    """Something that was done to a process.

    Attributes:
        kind: as the table names it: `worker kill`, `postgres restart`.
        target: the process's name.
        moment: where it was placed.
    """

    at: float
    kind: str
    target: str
    moment: str


@dataclass(frozen=True)
class StoredRun:
    """A row of `runs`."""

    run_id: str
    user_id: str
    thread_id: str
    key: str
    status: str
    error: str | None
    attempt: int
    crashes: int
    is_closed: bool
    has_lease: bool


@dataclass(frozen=True)
class StoredTask:
    """A row of `tasks`."""

    user_id: str
    task_id: str
    title: str
    is_completed: bool
    is_deleted: bool


@dataclass(frozen=True)
class TaskChange:
    """A row of the outbox of tasks."""

    user_id: str
    type: str
    title: str
    run_id: str | None


@dataclass(frozen=True)
class ModelCall:
    """A request that the model got.

    Attributes:
        items: how long its input was.
    """

    turn_id: TurnId
    step: int
    items: int


@dataclass(frozen=True)
class Leaks:
    """What must be gone when nobody talks any more, by the name of what it is."""

    counts: dict[str, int]
    limits: dict[str, int]


@dataclass
class History:
    """All of a seed.

    Attributes:
        told: what the model was told of each call of a turn, in order.
        items: the visible items of each thread in the order of storage.
        problems: what the harness itself met, such as a process that did not come back.
    """

    seed: int
    plans: list[PlannedTurn]
    turns: list[SeenTurn] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    model_calls: list[ModelCall] = field(default_factory=list)
    told: dict[TurnId, list[Told]] = field(default_factory=dict)
    runs: list[StoredRun] = field(default_factory=list)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tasks: list[StoredTask] = field(default_factory=list)
    changes: list[TaskChange] = field(default_factory=list)
    leaks: Leaks = field(default_factory=lambda: Leaks({}, {}))
    problems: list[str] = field(default_factory=list)
