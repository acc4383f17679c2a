"""A small model of a run: the permitted steps of each process, over every interleaving.

Two workers, PostgreSQL, Redis, the tasks service. Anything may happen between any two steps: a
worker dies, a worker is so slow that its lease ends, Redis is flushed. One statement or one
script is one step here. `docs/runs.md` lists the code for each step.

The run has one model response, which is streamed, and one tool call with an effect. Its log is
reduced to the last number and its attempt, and the frames that viewers have received.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

JUMP: Final = 100  # more than a run of the model can publish

Bug = Literal[
    "append-unfenced", "claim-keeps-meta", "claim-trusts-older", "claim-unchecked",
    "journal-unfenced",
    "effect-unfenced", "effect-without-key", "no-jump", "jump-forgets-attempt", "tool-before-answer-saved",
    "ended-not-claimable", "leftovers-kept",
]  # fmt: skip


class Row(NamedTuple):
    """The run in PostgreSQL, and its journal."""

    ended: bool = False
    closed: bool = False
    attempt: int = 0
    lease: Literal["none", "held", "over"] = "none"
    holder: int = -1
    seq_high: int = 0
    answer: bool = False  # saved steps
    tool: bool = False


class Log(NamedTuple):
    """The run in Redis, and the viewers' knowledge; `attempt` -1: Redis knows nothing of the run.

    Attributes:
        seq: the last number in the log.
        half: the attempt whose unfinished response is in the log, 0 if there is none.
    """

    attempt: int = 0
    seq: int = 0
    half: int = 0
    answer: bool = False
    tool: bool = False
    ended: bool = False


class Seen(NamedTuple):
    """The frames that viewers have received at any time, even if the log was lost."""

    seq: int = 0
    attempt: int = 0  # the highest that published anything
    ends: int = 0


class Tasks(NamedTuple):
    """The tasks service: how often the effect was made, and the highest attempt received."""

    effects: int = 0
    attempt: int = 0


class Worker(NamedTuple):
    """A worker's own view of the run, possibly stale.

    Attributes:
        at: the next step.
        seq: the last number that it knows to be in the log.
        half: the unfinished response that it found in the log.
    """

    at: str = "idle"
    attempt: int = 0
    seq: int = 0
    half: int = 0
    answer: bool = False
    tool: bool = False
    answer_published: bool = False
    tool_published: bool = False
    is_ended: bool = False


class State(NamedTuple):
    """The whole system, and how many failures of each kind may still happen."""

    row: Row = Row()
    log: Log = Log()
    seen: Seen = Seen()
    tasks: Tasks = Tasks()
    workers: tuple[Worker, ...] = (Worker(), Worker())
    crashes: int = 2
    pauses: int = 1
    flushes: int = 1


class BrokenPromiseError(Exception):
    """A step broke what a run promises."""


Step = tuple[str, State]


class RunModel:
    """The steps of a run, with or without an intentional bug."""

    def __init__(self, bug: Bug | None = None) -> None:
        self.bug = bug

    def steps(self, state: State) -> Iterator[Step]:
        """Yield every possible next state.

        Raises:
            BrokenPromiseError: the step violates a promise.
        """
        for index, worker in enumerate(state.workers):
            if worker.at == "idle":
                yield from self._claim(state, index)
            else:
                work: Callable[[State, int], State] = getattr(self, f"_{worker.at}")
                yield f"worker {index + 1}: {worker.at}", work(state, index)
                if state.crashes:
                    dead = put(state, index, Worker())
                    yield f"worker {index + 1} dies", dead._replace(crashes=state.crashes - 1)
        yield from self._failures(state)

    def _failures(self, state: State) -> Iterator[Step]:
        row = state.row
        if row.lease == "held":
            holder = state.workers[row.holder]
            is_alive = holder.at != "idle" and holder.attempt == row.attempt
            over = state._replace(row=row._replace(lease="over"))
            if not is_alive:
                yield "the dead worker's lease ends", over
            elif state.pauses:
                yield "a slow worker's lease ends", over._replace(pauses=state.pauses - 1)
        if state.flushes:
            flushed = state._replace(log=Log(attempt=-1), flushes=state.flushes - 1)
            yield "Redis is flushed", flushed

    # PostgreSQL: each is one statement

    def _claim(self, state: State, index: int) -> Iterator[Step]:
        row = state.row
        if row.closed or row.lease == "held":
            return
        if row.ended and self.bug == "ended-not-claimable":
            return
        attempt = row.attempt + 1
        claimed = row._replace(attempt=attempt, lease="held", holder=index)
        worker = Worker(at="claim_log", attempt=attempt, seq=row.seq_high, is_ended=row.ended)
        yield f"worker {index + 1}: claim", put(state._replace(row=claimed), index, worker)

    def _holds(self, state: State, index: int) -> bool:
        """The fence: `WHERE attempt = :attempt`."""
        return state.row.attempt == state.workers[index].attempt

    def _check(self, state: State, index: int) -> State:
        """Save the number that the claimed log ends with, which only the run's owner can."""
        worker = state.workers[index]
        if self.bug != "claim-unchecked" and not self._holds(state, index):
            return put(state, index, Worker())
        if self._holds(state, index):
            high = max(state.row.seq_high, worker.seq)
            state = state._replace(row=state.row._replace(seq_high=high))
        loaded = worker._replace(at="replay", answer=state.row.answer, tool=state.row.tool)
        return put(state, index, loaded)

    def _save_answer(self, state: State, index: int) -> State:
        return self._save(state, index, "answer", then="publish_answer")

    def _save_tool(self, state: State, index: int) -> State:
        return self._save(state, index, "tool", then="publish_tool")

    def _save(self, state: State, index: int, step: str, *, then: str) -> State:
        if self.bug != "journal-unfenced":
            if not self._holds(state, index):
                return put(state, index, Worker())
        elif getattr(state.row, step):
            msg = f"the {step} was saved twice"
            raise BrokenPromiseError(msg)
        row = state.row._replace(**{step: True})  # type: ignore[arg-type]
        worker = state.workers[index]._replace(at=then, **{step: True})
        return put(state._replace(row=row), index, worker)

    def _finish(self, state: State, index: int) -> State:
        if not self._holds(state, index):
            return put(state, index, Worker())
        row = state.row
        if not (row.answer and row.tool):
            raise BrokenPromiseError("the run ended before its work was done")
        row = row._replace(ended=True, seq_high=max(row.seq_high, state.workers[index].seq))
        return go(state._replace(row=row), index, "publish_end")

    def _close(self, state: State, index: int) -> State:
        if not self._holds(state, index):
            return put(state, index, Worker())
        if state.seen.ends == 0:
            raise BrokenPromiseError("the run was closed and no viewer received its end")
        row = state.row._replace(closed=True, lease="none")
        return put(state._replace(row=row), index, Worker())

    # Redis: each is one script

    def _claim_log(self, state: State, index: int) -> State:
        worker, log = state.workers[index], state.log
        if log.attempt > worker.attempt:
            return put(state, index, Worker())
        is_lost = log.seq < worker.seq or (log.attempt < 0 and worker.attempt > 1)
        # The previous attempt may have published frames that an older attempt's log doesn't have.
        is_older = 0 < log.attempt < worker.attempt - 1 and self.bug != "claim-trusts-older"
        if is_lost or is_older:
            log = Log(attempt=worker.attempt, seq=self._next_seq(max(log.seq, worker.seq), worker))
            state = publish(state._replace(log=log))  # `: snapshot`, without content
        kept = log.attempt if self.bug == "claim-keeps-meta" and log.attempt > 0 else worker.attempt
        log = log._replace(attempt=kept)
        worker = worker._replace(
            at="check",
            seq=log.seq,
            half=log.half,
            answer_published=log.answer,
            tool_published=log.tool,
        )
        return put(state._replace(log=log), index, worker)

    def _next_seq(self, seq: int, worker: Worker) -> int:
        """Return a number above all published ones; the knowledge of them may be stale."""
        if self.bug == "no-jump":
            return seq + 1
        by_attempt = 0 if self.bug == "jump-forgets-attempt" else worker.attempt * JUMP
        return max(seq + JUMP, by_attempt)

    def _append(self, state: State, index: int, then: str, **changes: object) -> State:
        """Append and publish, if the attempt is the run's and the number is the next."""
        worker, log = state.workers[index], state.log
        if self.bug != "append-unfenced":
            if log.attempt > worker.attempt:
                return put(state, index, Worker())
            if log.attempt < worker.attempt or log.seq != worker.seq:
                return go(state, index, "reclaim")  # UNCLAIMED
        if changes.get("answer") and log.answer:
            raise BrokenPromiseError("viewers received the response twice")
        if changes.get("answer") and log.half not in {0, worker.attempt} and not worker.half:
            raise BrokenPromiseError("viewers were left with an unfinished response")
        log = log._replace(seq=worker.seq + 1, **changes)  # type: ignore[arg-type]
        state = publish(state._replace(log=log), worker.attempt)
        return put(state, index, worker._replace(at=then, seq=worker.seq + 1))

    # A worker's own steps

    def _reclaim(self, state: State, index: int) -> State:
        """Redis forgot the claim: claim the log again, if the worker still owns the run."""
        if self.bug != "claim-unchecked" and not self._holds(state, index):
            return put(state, index, Worker())
        return go(state, index, "claim_log")

    def _replay(self, state: State, index: int) -> State:
        """Replay: skip journaled steps, and don't publish what viewers have."""
        worker = state.workers[index]
        if worker.is_ended:
            return go(state, index, "close" if state.log.ended else "publish_end")
        if worker.half and not worker.answer and self.bug != "leftovers-kept":
            return go(state, index, "remove_unfinished")
        return go(state, index, next_step(worker))

    def _remove_unfinished(self, state: State, index: int) -> State:
        state = self._append(state, index, "replay", half=0)
        worker = state.workers[index]
        return put(state, index, worker._replace(half=0)) if worker.at == "replay" else state

    def _stream(self, state: State, index: int) -> State:
        attempt = state.workers[index].attempt
        if state.log.half not in {0, attempt} and state.log.attempt == attempt:
            raise BrokenPromiseError("an unfinished response remains beside its repetition")
        then = "effect" if self.bug == "tool-before-answer-saved" else "save_answer"
        return self._append(state, index, then, half=attempt)

    def _publish_answer(self, state: State, index: int) -> State:
        return self._publish_step(state, index, "answer_published", half=0, answer=True)

    def _publish_tool(self, state: State, index: int) -> State:
        return self._publish_step(state, index, "tool_published", tool=True)

    def _publish_step(self, state: State, index: int, field: str, **changes: object) -> State:
        state = self._append(state, index, "replay", **changes)
        worker = state.workers[index]
        if worker.at != "replay":
            return state
        return put(state, index, worker._replace(half=0, **{field: True}))  # type: ignore[arg-type]

    def _effect(self, state: State, index: int) -> State:
        """The tools call of the tasks service, one transaction there."""
        worker, tasks = state.workers[index], state.tasks
        if worker.attempt < tasks.attempt:
            if self.bug != "effect-unfenced":
                return put(state, index, Worker())
            raise BrokenPromiseError("a worker that lost the run changed a task")
        if not state.row.answer:
            raise BrokenPromiseError("a tool worked for an answer that may never have been")
        is_repeat = tasks.effects > 0 and self.bug != "effect-without-key"
        tasks = Tasks(tasks.effects + (not is_repeat), worker.attempt)
        if tasks.effects > 1:
            raise BrokenPromiseError("the effect was made twice")
        return go(state._replace(tasks=tasks), index, "save_tool")

    def _publish_end(self, state: State, index: int) -> State:
        state = self._append(state, index, "close", ended=True)
        if state.workers[index].at == "close":
            seen = state.seen._replace(ends=state.seen.ends + 1)
            state = state._replace(seen=seen)
        return state


def next_step(worker: Worker) -> str:
    """Return the first step that is not done yet."""
    if not worker.answer:
        return "stream"
    if not worker.answer_published:
        return "publish_answer"
    if not worker.tool:
        return "effect"
    return "finish" if worker.tool_published else "publish_tool"


def publish(state: State, attempt: int | None = None) -> State:
    """Publish the log's last frame.

    Args:
        attempt: the publisher; None for a marker, which makes viewers reload. They drop a marker
            whose number they have passed.

    Raises:
        BrokenPromiseError: it can't follow the frames that viewers have received.
    """
    seen, seq = state.seen, state.log.seq
    if attempt is None:
        return state._replace(seen=seen._replace(seq=max(seq, seen.seq)))
    if seq <= seen.seq:
        msg = f"frame {seq} went out after frame {seen.seq}"
        raise BrokenPromiseError(msg)
    if attempt < seen.attempt:
        raise BrokenPromiseError("a worker that lost the run published")
    return state._replace(seen=seen._replace(seq=seq, attempt=attempt))


def put(state: State, index: int, worker: Worker) -> State:
    """Replace a worker."""
    workers = (*state.workers[:index], worker, *state.workers[index + 1 :])
    return state._replace(workers=workers)


def go(state: State, index: int, at: str) -> State:
    """Move a worker to a step."""
    return put(state, index, state.workers[index]._replace(at=at))


def without_names(state: State) -> State:
    """Return the one state that represents this one and the same with its workers swapped."""
    first, second = state.workers
    if first <= second:
        return state
    row = state.row
    holder = 1 - row.holder if row.holder >= 0 else row.holder
    return state._replace(row=row._replace(holder=holder), workers=(second, first))


@dataclass
class Exploration:
    """The result of an exploration.

    Attributes:
        states: the number of states.
        broken: the shortest path to a broken promise, None if there is none.
    """

    states: int
    broken: list[str] | None = None


def explore(model: RunModel, start: State | None = None) -> Exploration:
    """Visit every reachable state, and check that the run can end from each of them."""
    first = start or State()
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    leads_to: dict[State, list[State]] = {}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        try:
            for name, step in model.steps(state):
                following = without_names(step)
                leads_to.setdefault(following, []).append(state)
                if following not in came_from:
                    came_from[following] = (state, name)
                    queue.append(following)
        except BrokenPromiseError as error:
            return Exploration(len(came_from), [*_path_to(came_from, state), str(error)])
    for state in came_from.keys() - _ending(came_from, leads_to):
        return Exploration(len(came_from), [*_path_to(came_from, state), "the run never ends"])
    return Exploration(len(came_from))


def _ending(came_from: "_Ways", leads_to: dict[State, list[State]]) -> set[State]:
    """Return the states from which the run can end."""
    ending = {state for state in came_from if state.row.closed}
    queue = deque(ending)
    while queue:
        for state in leads_to.get(queue.popleft(), ()):
            if state not in ending:
                ending.add(state)
                queue.append(state)
    return ending


def _path_to(came_from: "_Ways", state: State) -> list[str]:
    way: list[str] = []
    at: State | None = state
    while at is not None:
        before = came_from[at]
        if before is not None:
            way.append(before[1])
        at = before[0] if before is not None else None
    return way[::-1]


_Ways = dict[State, tuple[State, str] | None]
