"""State of one attempt at a run, shared by the wrappers around its model, tools and handlers.

Every attempt runs the agent from its first input; steps finished by earlier attempts are read from
the journal. Steps are identified by position: the n-th model answer and the i-th call in it.
Provider ids are unsuitable, because servers repeat them (`call_0`).
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
    """The run was cancelled or lost before its next step could start.

    A BaseException, so that neither the SDK nor openai-chatkit turns it into an error event.
    """


class Journal(Protocol):
    """The finished steps of a run: insert-only and fenced by the attempt."""

    def get(self, key: str) -> bytes | None:
        """Return the payload of a step, None if no attempt has finished it."""

    def has_choice(self, name: str) -> bool:
        """Return whether a call of the run recorded a choice of this name, in any attempt."""

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Insert a step, with its usage if it is a model answer.

        Raises:
            RunLostError: a later attempt owns the run.
        """


@dataclass(frozen=True)
class PublishedEvents:
    """Events that earlier attempts published in the run's log.

    Args:
        done_item_ids: ids of items whose `thread.item.done` was published.
        effects: client effects and notices as JSON, with the number of times each was published.
    """

    done_item_ids: frozenset[str] = frozenset()
    effects: Counter[bytes] = field(default_factory=Counter)


@dataclass(frozen=True)
class CallPosition:
    """Position of a tool call in its run: the `index`-th call of the `answer`-th answer."""

    answer: int
    index: int

    @property
    def key(self) -> str:
        """The journal key of the call."""
        return f"tool/{self.answer:04d}/{self.index}"


def answer_key(answer: int) -> str:
    """Return the journal key of a model answer, also the id step of its items."""
    return f"answer/{answer:04d}"


def is_tool_step(key: str) -> bool:
    """Return whether a journal key is a finished call, as opposed to a choice within a call."""
    return key.startswith("tool/") and key.count("/") == 2


def is_choice(key: str, name: str) -> bool:
    """Return whether a journal key is a choice of this name."""
    return key.startswith("tool/") and key.endswith(f"/{name}")


def step_kind(key: str) -> str:
    """Return the kind of a journal key: `input`, `answer`, `tool` (also an action) or `choice`."""
    kind = key.partition("/")[0]
    return "choice" if kind == "tool" and not is_tool_step(key) else kind


class ToolCallScope:
    """A tool call in progress: its position, journaled choices and held-back events.

    Attributes:
        events: events held back until the call is journaled.
        has_client_tool_call: whether the call has set the turn's `client_tool_call`.
    """

    def __init__(self, scope: "RunScope", position: CallPosition) -> None:
        self.position = position
        self.events: list[ThreadStreamEvent] = []
        self.has_client_tool_call = False
        self._scope = scope

    @property
    def idempotency_key(self) -> str:
        """The key of the call's side effect: equal in every attempt, unique per call."""
        return f"{self._scope.run_id}:{self.position.answer}:{self.position.index}"

    @property
    def is_alone(self) -> bool:
        """True if the model made no other call in the same answer."""
        return self._scope.count_calls(self.position.answer) <= 1

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the result of `decide` in the first attempt that reached this point.

        For choices that must not change when the call is repeated after its side effect: "milk" no
        longer matches an open task once that task is completed.
        """
        key = f"{self.position.key}/{name}"
        recorded = self._scope.journal.get(key)
        if recorded is not None:
            return recorded
        value = await decide()
        await self._scope.journal.save(key, value)
        return value

    async def finish_at_end(self) -> None:
        """Request a call of `Assistant.finish_turn` after the agent's last answer."""

        async def request() -> bytes:
            return b"true"

        await self.once(AT_END, request)

    def hold_back(self, event: ThreadStreamEvent) -> bool:
        """Keep an event until the call is journaled; return False if it can be published now.

        A published `done` is thus always in the journal. Progress and deltas of streamed items are
        published at once.
        """
        if event.type not in {"thread.item.done", "client_effect", "notice"}:
            return False
        self.events.append(event)
        return True


_tool_call: ContextVar[ToolCallScope | None] = ContextVar("durable_chatkit_tool_call", default=None)


def current_tool_call() -> ToolCallScope | None:
    """Return the tool call in whose context this code runs, None outside of tool calls."""
    return _tool_call.get()


class RunScope:
    """The state of one attempt.

    Args:
        ids: deterministic ids of the run's items.
        published: events published by earlier attempts.

    Attributes:
        finished_answers: number of model answers finished in this attempt.
        is_stopping: set when the run is cancelled or lost; no further step may start.
    """

    def __init__(
        self,
        *,
        run_id: str,
        attempt: int,
        ids: IdScope,
        journal: Journal,
        published: PublishedEvents,
    ) -> None:
        self.run_id = run_id
        self.attempt = attempt
        self.ids = ids
        self.journal = journal
        self.done_item_ids = published.done_item_ids
        self.finished_answers = 0
        self.is_stopping = False
        self._effects = published.effects.copy()
        self._positions: dict[str, CallPosition] = {}
        self._calls: Counter[int] = Counter()

    def message_id(self, answer: int, index: int) -> str:
        """Return the id of the `index`-th message of an answer."""
        return self.ids.derive_id("msg", answer_key(answer), index)

    def reserve_call_ids(self, call_ids: Iterator[str]) -> None:
        """Reserve the ids of calls in the history, so that no call of this run gets one of them."""
        for call_id in call_ids:
            self._positions.setdefault(call_id, CallPosition(-1, 0))

    def register_calls(self, answer: int, response: Response) -> None:
        """Store the positions of an answer's calls; replace missing and duplicate call ids.

        The SDK treats a call with a known id as a repetition and doesn't run it.
        """
        calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
        for index, call in enumerate(calls):
            if not call.call_id or call.call_id in self._positions:
                call.call_id = self.ids.derive_id("call", answer_key(answer), index)
            self._positions[call.call_id] = CallPosition(answer, index)
        self._calls[answer] = len(calls)

    def count_calls(self, answer: int) -> int:
        """Return the number of calls in a finished answer."""
        return self._calls[answer]

    def position_of(self, call_id: str) -> CallPosition:
        """Return the position of a call in a finished answer."""
        return self._positions[call_id]

    def raise_if_stopped(self) -> None:
        """Check that the next step may start.

        Raises:
            RunStoppedError: the run was cancelled or lost.
        """
        if self.is_stopping:
            raise RunStoppedError

    def was_published(self, event: ThreadStreamEvent) -> bool:
        """Return whether a recorded event was already published; matches each effect once."""
        match event.type:
            case "thread.item.done":
                return event.item.id in self.done_item_ids
            case "client_effect" | "notice":
                text = event.model_dump_json().encode()
                if self._effects[text] == 0:
                    return False
                self._effects[text] -= 1
                return True
            case _:
                return False

    @contextmanager
    def tool_call(self, position: CallPosition) -> Iterator[ToolCallScope]:
        """Enter a tool call: ids and events inside are scoped to its position."""
        call = ToolCallScope(self, position)
        token = _tool_call.set(call)
        try:
            with id_step(position.key):
                yield call
        finally:
            _tool_call.reset(token)
