"""One attempt at a run, as the wrappers around its model and its tools see it.

Every attempt runs the agent from its first input; what an earlier attempt finished comes from the
journal. The places of things in a run are the ordinals used here: the n-th model answer and the
i-th call in it. Provider ids are no use for that, since servers repeat them (`call_0`).
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol

from chatkit.types import ThreadStreamEvent
from openai.types.responses import Response, ResponseFunctionToolCall

from durable_chatkit.chatkit.context import IdScope, id_step
from durable_chatkit.storage.usage_repository import AnswerUsage

INPUT_KEY: Final = "input"
AT_END: Final = "at-end"


class RunStoppedError(BaseException):
    """The run was cancelled or lost while something of it was about to begin.

    A BaseException, so that neither the SDK nor openai-chatkit makes an error event of it.
    """


class Journal(Protocol):
    """The finished steps of a run; insert-only, fenced by the attempt."""

    def get(self, key: str) -> bytes | None:
        """Return a step's payload, None if no attempt has finished it."""

    def has_choice(self, name: str) -> bool:
        """Tell whether a call of the run has made a choice of this name, in any attempt."""

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Insert a step, with what it used if it is a model answer.

        Raises:
            RunLostError: a later attempt has the run.
        """


@dataclass(frozen=True)
class PublishedEvents:
    """What the log of earlier attempts has told the viewers.

    Args:
        done: ids of items whose `done` they have.
        effects: client effects and notices they have, as JSON, with how often.
    """

    done: frozenset[str] = frozenset()
    effects: Counter[bytes] = field(default_factory=Counter)


@dataclass(frozen=True)
class CallPosition:
    """Where a tool call stands in its run: the `index`-th call of the `answer`-th answer."""

    answer: int
    index: int

    @property
    def key(self) -> str:
        """The journal's key of the call."""
        return f"tool/{self.answer:04d}/{self.index}"


def answer_key(answer: int) -> str:
    """The journal's key of a model answer, and the step of the items it says."""
    return f"answer/{answer:04d}"


def is_tool_step(key: str) -> bool:
    """Tell whether a journal key is a finished call, and not a choice made within one."""
    return key.startswith("tool/") and key.count("/") == 2


def is_choice(key: str, name: str) -> bool:
    """Tell whether a journal key is a choice of this name."""
    return key.startswith("tool/") and key.endswith(f"/{name}")


def step_kind(key: str) -> str:
    """Return `input`, `answer`, `tool` (an action, too) or `choice`: what a journal key is of."""
    kind = key.partition("/")[0]
    return "choice" if kind == "tool" and not is_tool_step(key) else kind


class ToolCallScope:
    """One tool call while it runs: its place, its journal and what it says.

    Attributes:
        has_client_tool_call: it has set the turn's `client_tool_call`.
    """

    def __init__(self, scope: "RunScope", place: CallPosition) -> None:
        self.place = place
        self.events: list[ThreadStreamEvent] = []
        self.has_client_tool_call = False
        self._scope = scope

    @property
    def idempotency_key(self) -> str:
        """Names the call's effect: equal in every attempt, different for every call."""
        return f"{self._scope.run_id}:{self.place.answer}:{self.place.index}"

    @property
    def is_alone(self) -> bool:
        """Whether the model made no other call in the same answer."""
        return self._scope.count_calls(self.place.answer) <= 1

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what `decide` returned in the first attempt that got here.

        For choices that must not change when the call is repeated after its effect was made:
        "milk" no longer names an open task once that task is completed.
        """
        key = f"{self.place.key}/{name}"
        recorded = self._scope.journal.get(key)
        if recorded is not None:
            return recorded
        value = await decide()
        await self._scope.journal.save(key, value)
        return value

    async def finish_at_end(self) -> None:
        """Have `Assistant.finish_turn` called when the agent has answered."""

        async def ask() -> bytes:
            return b"true"

        await self.once(AT_END, ask)

    def hold_back(self, event: ThreadStreamEvent) -> bool:
        """Take an event that may only be said once the call's row is saved.

        What is `done` on the wire is then in the journal too. Progress and the growing of a
        streamed item can't wait.
        """
        if event.type not in {"thread.item.done", "client_effect", "notice"}:
            return False
        self.events.append(event)
        return True


_tool_call: ContextVar[ToolCallScope | None] = ContextVar("durable_chatkit_tool_call", default=None)


def current_tool_call() -> ToolCallScope | None:
    """Return the tool call this code runs in, None outside of any."""
    return _tool_call.get()


class RunScope:
    """The state of one attempt.

    Args:
        ids: deterministic ids of the run's items.
        said: what earlier attempts told the viewers.

    Attributes:
        answers: how many model answers are finished in this attempt.
        is_stopping: set when the run is cancelled or lost; nothing may begin from then on.
    """

    def __init__(
        self, *, run_id: str, attempt: int, ids: IdScope, journal: Journal, said: PublishedEvents
    ) -> None:
        self.run_id = run_id
        self.attempt = attempt
        self.ids = ids
        self.journal = journal
        self.done = said.done
        self.answers = 0
        self.is_stopping = False
        self._effects = said.effects.copy()
        self._places: dict[str, CallPosition] = {}
        self._calls: Counter[int] = Counter()

    def message_id(self, answer: int, index: int) -> str:
        """The id of the `index`-th message of an answer."""
        return self.ids.derive_id("msg", answer_key(answer), index)

    def reserve_call_ids(self, call_ids: Iterator[str]) -> None:
        """Take note of calls in the history, so that none of this run gets their ids."""
        for call_id in call_ids:
            self._places.setdefault(call_id, CallPosition(-1, 0))

    def register_calls(self, answer: int, response: Response) -> None:
        """Note where an answer's calls stand; give those an id that lack one of their own.

        The SDK takes an id that it has seen for a repetition and doesn't run the call.
        """
        calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
        for index, call in enumerate(calls):
            if not call.call_id or call.call_id in self._places:
                call.call_id = self.ids.derive_id("call", answer_key(answer), index)
            self._places[call.call_id] = CallPosition(answer, index)
        self._calls[answer] = len(calls)

    def count_calls(self, answer: int) -> int:
        """Return how many calls a finished answer has."""
        return self._calls[answer]

    def position_of(self, call_id: str) -> CallPosition:
        """Return where a call of a finished answer stands."""
        return self._places[call_id]

    def raise_if_stopped(self) -> None:
        """Check that something may still begin.

        Raises:
            RunStoppedError: the run was cancelled or lost.
        """
        if self.is_stopping:
            raise RunStoppedError

    def was_published(self, event: ThreadStreamEvent) -> bool:
        """Tell whether the viewers have a recorded event already; an effect counts once."""
        match event.type:
            case "thread.item.done":
                return event.item.id in self.done
            case "client_effect" | "notice":
                text = event.model_dump_json().encode()
                if self._effects[text] == 0:
                    return False
                self._effects[text] -= 1
                return True
            case _:
                return False

    @contextmanager
    def tool_call(self, place: CallPosition) -> Iterator[ToolCallScope]:
        """Run one tool call: its ids and its events are scoped by its place."""
        call = ToolCallScope(self, place)
        token = _tool_call.set(call)
        try:
            with id_step(place.key):
                yield call
        finally:
            _tool_call.reset(token)
