"""Derives from a seed the users' messages, the model's script, and the faults."""

import random
from dataclasses import dataclass
from typing import Final

from chaos.history import PlannedCall, PlannedTurn, Step, TurnId

CONVERSATIONS: Final = 4
TURNS: Final = 2
WORDS: Final = (8, 16)  # of a last answer
SENT_TWICE: Final = 0.2  # of the messages
STOPPED: Final = 0.1
LAST_FRAME: Final = 25  # most turns have more frames

WORKERS: Final = ("todo-agent-worker-1", "todo-agent-worker-2")
ITS_WORKER: Final = "todo-agent-worker"  # the one that drives the moment's turn
GATEWAYS: Final = ("chat-gateway-1", "chat-gateway-2")
SERVICES: Final = (*WORKERS, *GATEWAYS, "todo-agent-api", "tasks", "auth-session")
ENGINES: Final = ("caddy", "valkey", "postgres")
EVERYTHING: Final = (*SERVICES, *ENGINES)

# The weight of each. Single instances that take seconds to load are drawn less often, so
# that a seed is more than waiting for them.
_WEIGHTS: Final[dict[tuple[str, str], int]] = {
    (ITS_WORKER, "kill"): 18,
    (ITS_WORKER, "restart"): 9,
    (ITS_WORKER, "pause"): 9,
    **{(target, "kill"): 8 for target in GATEWAYS},
    **{(target, "restart"): 5 for target in GATEWAYS},
    **{(target, "pause"): 4 for target in GATEWAYS},
    **{(target, "kill"): 5 for target in ("todo-agent-api", "tasks", "auth-session")},
    **{(target, "restart"): 4 for target in ("todo-agent-api", "tasks", "auth-session")},
    **{(target, "pause"): 3 for target in ("todo-agent-api", "tasks", "auth-session")},
    ("caddy", "kill"): 6,
    ("caddy", "restart"): 4,
    ("caddy", "pause"): 3,
    ("valkey", "kill"): 7,
    ("valkey", "restart"): 5,
    ("valkey", "pause"): 4,
    ("valkey", "flush"): 9,
    ("valkey", "kill, last second lost"): 9,
    ("postgres", "kill"): 7,
    ("postgres", "restart"): 7,
    ("postgres", "pause"): 3,
    ("postgres", "crash of a backend"): 6,
    ("everything", "kill"): 3,
}
KINDS: Final = tuple(_WEIGHTS)
PAUSES_S: Final = (0.5, 2.0, 5.0)
WORKER_PAUSES_S: Final = (2.0, 5.0, 9.0)  # a lease lasts 6
MAX_DELAY_MS: Final = 40
# A run fails by design after three of its workers died: a seed has fewer deaths than that.
MAX_WORKER_LOSSES: Final = 2
_LOSES_WORKERS: Final = frozenset({"kill", "pause"})


@dataclass(frozen=True)
class Moment:
    """An observable point in a turn.

    Kinds and their `number`:
        posting: the client is about to send the message.
        posted: it has sent the message, and has no response.
        accepted: it has the response's headers.
        frame: it has read so many frames.
        asked: the model has the request of that step, and has sent nothing.
        saying: the model has sent so many words of its last response, and waits.
        tool: the model has made the calls of that step.
        over: the client has received the end.
    """

    turn_id: TurnId
    kind: str
    number: int = 0

    def __str__(self) -> str:
        number = f" {self.number}" if self.kind in {"frame", "asked", "saying", "tool"} else ""
        return f"{self.turn_id} {self.kind}{number}"


@dataclass(frozen=True)
class PlannedFault:
    """A fault, its target and its time.

    Args:
        target: a process, `everything`, or ITS_WORKER.
        action: `kill`, `restart`, `pause`, or one that only an engine supports.
        delay_ms: after the moment.
        pause_s: how long a paused process stays frozen.
    """

    moment: Moment
    target: str
    action: str
    delay_ms: int = 0
    pause_s: float = 0.0

    @property
    def kind(self) -> str:
        """The name in the table: instances of a service share one."""
        return f"{self.target.rstrip('-012')} {self.action}"

    def __str__(self) -> str:
        pause = f" for {self.pause_s:g} s" if self.pause_s else ""
        return f"{self.moment} +{self.delay_ms} ms: {self.target} {self.action}{pause}"


@dataclass(frozen=True)
class Schedule:
    """The schedule of a whole seed."""

    seed: int
    conversations: tuple[tuple[PlannedTurn, ...], ...]
    faults: tuple[PlannedFault, ...]

    @property
    def turns(self) -> list[PlannedTurn]:
        """All turns."""
        return [turn for conversation in self.conversations for turn in conversation]

    def describe(self) -> str:
        """Return the faults, one a line."""
        return "\n".join(f"  {fault}" for fault in self.faults)


def make_schedule(seed: int) -> Schedule:
    """Return the schedule of a seed; deterministic."""
    rng = random.Random(seed)
    conversations = tuple(_conversation(rng, seed, number) for number in range(CONVERSATIONS))
    wanted = rng.choice((1, 1, 2, 2, 3, 4))
    faults: list[PlannedFault] = []
    losses = 0
    while len(faults) < wanted:
        fault = _fault(rng, conversations)
        costs_worker = fault.action in _LOSES_WORKERS and (
            fault.target in {ITS_WORKER, "everything", "postgres"}
        )
        if costs_worker and losses >= MAX_WORKER_LOSSES:
            continue
        losses += costs_worker
        faults.append(fault)
    return Schedule(seed, conversations, tuple(faults))


def _conversation(rng: random.Random, seed: int, number: int) -> tuple[PlannedTurn, ...]:
    """Return turns in which tasks are added, listed, completed and deleted."""
    turns: list[PlannedTurn] = []
    open_titles: list[str] = []
    for turn in range(TURNS):
        turn_id = TurnId(seed, number, turn)
        turns.append(_turn(rng, turn_id, open_titles))
    return tuple(turns)


def _turn(rng: random.Random, turn_id: TurnId, open_titles: list[str]) -> PlannedTurn:
    steps: list[Step] = []
    if open_titles and rng.random() < 0.8:
        steps.append(Step(calls=(PlannedCall("find_tasks"),)))
    added = [f"{turn_id} task {number}" for number in range(rng.choice((1, 2, 2, 3)))]
    adds = tuple(PlannedCall("add_task", title) for title in added)
    steps += [Step(calls=adds)] if rng.random() < 0.5 else [Step(calls=(add,)) for add in adds]
    open_titles += added
    for tool in ("complete", "delete"):
        if len(open_titles) > 1 and rng.random() < 0.6:
            title = open_titles.pop(rng.randrange(len(open_titles)))
            steps.append(Step(calls=(PlannedCall(tool, title),)))
    if rng.random() < 0.4:
        first = steps[0]
        steps[0] = Step(_words(rng, f"{turn_id} begins", (3, 6)), first.calls)
    steps.append(Step(_words(rng, f"{turn_id} ends", WORDS)))
    return PlannedTurn(
        turn_id,
        tuple(steps),
        is_sent_twice=rng.random() < SENT_TWICE,
        stopped_after=rng.randint(1, LAST_FRAME) if rng.random() < STOPPED else 0,
    )


def _words(rng: random.Random, name: str, bounds: tuple[int, int]) -> tuple[str, ...]:
    return (f"{name}:", *(f" word{number}" for number in range(rng.randint(*bounds))))


def _fault(rng: random.Random, conversations: tuple[tuple[PlannedTurn, ...], ...]) -> PlannedFault:
    turn = rng.choice(rng.choice(conversations))
    target, action = rng.choices(KINDS, list(_WEIGHTS.values()))[0]
    pauses = WORKER_PAUSES_S if target == ITS_WORKER else PAUSES_S
    return PlannedFault(
        moment=_moment(rng, turn),
        target=target,
        action=action,
        delay_ms=rng.randint(0, MAX_DELAY_MS),
        pause_s=rng.choice(pauses) if action == "pause" else 0.0,
    )


def _moment(rng: random.Random, turn: PlannedTurn) -> Moment:
    calls = len(turn.steps) - 1
    numbers = {
        "posting": 0,
        "posted": 0,
        "accepted": 0,
        "frame": rng.randint(1, LAST_FRAME),
        "asked": rng.randrange(len(turn.steps)),
        "saying": rng.randrange(1, len(turn.steps[-1].said)),
        "tool": rng.randrange(calls),
        "over": 0,
    }
    kinds = list(numbers)
    kind = rng.choices(kinds, [1, 2, 1, 4, 2, 4, 5, 1])[0]
    return Moment(turn.turn_id, kind, numbers[kind])
