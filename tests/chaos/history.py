"""The record of a seed: client observations, injected faults, the final stored state.

Times are seconds of one monotonic clock. Everything is plain data: the checker needs no stack.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

# `unsure`: the model was informed that the outcome is unknown. `unknown`: it has no output yet.
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
        title: of the task that it adds, completes or deletes; "" for a search.
    """

    tool: Literal["add_task", "find_tasks", "complete", "delete"]
    title: str = ""


@dataclass(frozen=True)
class Step:
    """One model response: optional text, optional parallel calls."""

    said: tuple[str, ...] = ()
    calls: tuple[PlannedCall, ...] = ()

    @property
    def text(self) -> str:
        """The text, joined."""
        return "".join(self.said)


@dataclass(frozen=True)
class PlannedTurn:
    """The model's script for one message; the last step makes no calls.

    Args:
        is_sent_twice: two tabs send the message at the same moment, under the same key.
        stopped_after: the user presses Stop after so many frames; 0 for not at all.
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
        """The visible text, message by message."""
        return [step.text for step in self.steps if step.said]


@dataclass(frozen=True)
class SeenFrame:
    """A frame as a client read it.

    Attributes:
        seq: its `id:`.
        kind: its type; pings are not recorded.
        event: the JSON of an event.
    """

    at: float
    seq: int
    kind: Literal["event", "snapshot", "end"]
    event: dict[str, Any] = field(default_factory=dict)
    status: str = ""


@dataclass
class SeenTurn:
    """A turn as its client observed it.

    Attributes:
        tab: 1 for the second tab of a message that was sent twice.
        run_id: from the response's header; "" without a response.
        frames: of all its connections, in the order of arrival, complete.
        refusals: responses other than a stream, as (time, status, code).
        broken: connections that were lost or could not be made.
        ended: how the client learned of the end: the end marker's word, "expired" (410), or "" if
            it timed out.
        view: the thread's items as the client shows them at the end, by ID.
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
    """A fault that was injected into a process.

    Attributes:
        kind: its name in the table: `worker kill`, `postgres restart`.
        target: the process's name.
        moment: the scheduled moment.
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
    """A request that the model received.

    Attributes:
        items: the number of input items.
    """

    turn_id: TurnId
    step: int
    items: int


@dataclass(frozen=True)
class Leaks:
    """Resources that must be released when all conversations have ended, by name."""

    counts: dict[str, int]
    limits: dict[str, int]


@dataclass
class History:
    """The record of a whole seed.

    Attributes:
        outcomes: the outcome that the model received for each call of a turn, in order.
        items: the visible items of each thread in the order of storage.
        entry: the entry point that it ran on; see `chaos.agents`.
        notes: the turn and the key of each note that nested agents have sent.
        problems: failures seen by the harness, such as a process that did not restart.
    """

    seed: int
    plans: list[PlannedTurn]
    turns: list[SeenTurn] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    model_calls: list[ModelCall] = field(default_factory=list)
    outcomes: dict[TurnId, list[Told]] = field(default_factory=dict)
    runs: list[StoredRun] = field(default_factory=list)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tasks: list[StoredTask] = field(default_factory=list)
    changes: list[TaskChange] = field(default_factory=list)
    leaks: Leaks = field(default_factory=lambda: Leaks({}, {}))
    entry: str = "todo"
    notes: list[tuple[TurnId, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
