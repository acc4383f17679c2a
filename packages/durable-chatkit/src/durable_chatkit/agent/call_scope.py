"""Call paths: where in its turn the running code is, and under which keys it is journaled.

A scope is the turn's root, a Runner call, or a call that is journaled as a whole: a tool call, an
action, a handoff, a step. A scope's path is a prefix of the keys and ids of everything inside:

    answer/0000, tool/0000/0         the Runner call of an `Assistant`, whose path is empty
    run/triage~1f0c9a2e~0/answer/0000    another Runner call: its agent, a hash of agent and input,
                                     and a number among equal siblings
    tool/0000/0/run/...              a Runner call inside a tool call
    P/handoff/0000/0, P/step/name/0  a handoff and a step

A path depends on the content of a Runner call rather than on the order in which calls start, because
that order differs between attempts: two calls in `asyncio.gather` would swap their steps.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Final

import msgspec
from agents import Model, RunState
from chatkit.types import ThreadStreamEvent
from openai.types.responses import Response, ResponseFunctionToolCall
from pydantic import BaseModel

from durable_chatkit.agent.run_scope import AT_END, CallPosition, RunScope
from durable_chatkit.chatkit.context import collect_written_items, id_step
from todochat.ids import derived_id

_ROOT_CALL: Final = re.compile(r"tool/(\d+)/(\d+)")
_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_SIGNATURE: Final = re.compile(rb"\?expires=\d+&signature=[0-9a-f]{64}")
_MAX_SLUG_CHARS: Final = 24
_HELD_BACK: Final = frozenset({"thread.item.done", "client_effect", "notice"})
_PUBLISHED_AT_ONCE: Final = frozenset(
    {
        "thread.item.added",
        "thread.item.updated",
        "thread.item.replaced",
        "thread.item.removed",
    }
)

HeldEvent = tuple["asyncio.Queue[Any]", ThreadStreamEvent]


class CallScope:
    """A position in a turn.

    Args:
        path: "" for the turn's root.
        parent: the scope in which this one was entered.
    """

    def __init__(self, scope: RunScope, path: str = "", parent: "CallScope | None" = None) -> None:
        self.scope = scope
        self.parent = parent
        self._path = path

    @property
    def path(self) -> str:
        """The call path."""
        return self._path

    @property
    def is_root(self) -> bool:
        """True for the scope of the turn's own code, outside of any call."""
        return type(self) is CallScope and not self._path

    @property
    def idempotency_key(self) -> str:
        """A key for the side effects at this path: equal in every attempt, unique per path."""
        root_call = _ROOT_CALL.fullmatch(self.path)
        if root_call is not None:
            return f"{self.scope.run_id}:{int(root_call[1])}:{int(root_call[2])}"
        return f"{self.scope.run_id}:{derived_id('k', self.path)[2:]}"

    def key(self, *parts: str) -> str:
        """Return the journal key of a step in this scope."""
        return "/".join(filter(None, (self.path, *parts)))

    def open_run(self, agent: str, model_input: Any) -> "RunnerCall":
        """Return the scope of a Runner call that starts here."""
        digest = hash_input([agent, starting_input(model_input)])[:8]
        return RunnerCall(self.scope, self._numbered("run", f"{_slug(agent)}~{digest}", "~"), self)

    def open_step(self, name: str) -> "ToolCallScope":
        """Return the scope of a step that starts here; steps of one name are counted."""
        slug = _slug(name)
        if slug != name:
            slug += f"~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return ToolCallScope(self.scope, self._numbered("step", slug, "/"), self)

    def enclosing(self) -> Iterator["CallScope"]:
        """Yield this scope and those around it, innermost first."""
        current: CallScope | None = self
        while current is not None:
            yield current
            current = current.parent

    def _numbered(self, kind: str, name: str, separator: str) -> str:
        base = self.key(kind, name)
        return f"{base}{separator}{self.scope.next_sibling(base)}"


class AssistantScope(CallScope):
    """The root of an `Assistant`'s turn while it starts the Runner call with the empty path."""

    def open_run(self, agent: str, model_input: Any) -> "RunnerCall":  # noqa: ARG002
        """Return the scope of the assistant's Runner call."""
        return RunnerCall(self.scope, "", self)


class RunnerCall(CallScope):
    """A Runner call: its answers, its calls and the guardrails of its input.

    Attributes:
        finished_answers: number of model answers finished in this attempt.
        models: the durable wrappers by wrapped model and agent; the SDK keeps a model's identity.
    """

    def __init__(self, scope: RunScope, path: str, parent: CallScope | None = None) -> None:
        super().__init__(scope, path, parent)
        self.finished_answers = 0
        self.models: dict[tuple[int, str], Model] = {}
        self._generation = 0
        self._positions: dict[str, CallPosition] = {}
        self._calls: dict[int, list[ResponseFunctionToolCall]] = {}
        self._guardrails: list[asyncio.Future[None]] = []

    @property
    def is_main(self) -> bool:
        """True for the Runner call that answers an `Assistant`'s turn."""
        return not self._path

    @property
    def path(self) -> str:
        """The call path, with the number of mismatches so far."""
        return f"{self._path}!{self._generation}" if self._generation else self._path

    def diverge(self, reason: str) -> None:
        """Continue below a new path, because the recorded answer doesn't fit this attempt."""
        self.scope.record_mismatch(self.path, reason)
        self._generation += 1

    def answer_key(self, answer: int) -> str:
        """Return the journal key of a model answer, also the id step of its items."""
        return self.key(f"answer/{answer:04d}")

    def item_id(self, answer: int, prefix: str, index: int) -> str:
        """Return the id of an answer's `index`-th item with a prefix."""
        return self.scope.ids.derive_id(prefix, self.answer_key(answer), index)

    def reserve_call_ids(self, call_ids: Iterable[str]) -> None:
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
                step = self.answer_key(answer)
                call.call_id = self.scope.ids.derive_id("call", step, index)
            self._positions[call.call_id] = CallPosition(answer, index)
        self._calls[answer] = calls

    def count_calls(self, answer: int) -> int:
        """Return the number of calls in a finished answer."""
        return len(self._calls.get(answer, ()))

    def position_of(self, call_id: str) -> CallPosition | None:
        """Return the position of a call in a finished answer, None for any other call."""
        position = self._positions.get(call_id)
        return None if position is None or position.answer < 0 else position

    def open_tool(self, call_id: str) -> "ToolCallScope":
        """Return the scope of a tool call.

        A call that no answer of this Runner call made, such as one approved in a `RunState`, is
        identified by its id.
        """
        position = self.position_of(call_id)
        if position is not None:
            return ToolCallScope(self.scope, self.key(position.key), self, position)
        digest = hashlib.sha256(call_id.encode()).hexdigest()[:8]
        return ToolCallScope(self.scope, self.key("tool", f"id~{digest}", "0"), self)

    def open_handoff(self, tool_name: str) -> "ToolCallScope":
        """Return the scope of the last answer's handoff; of several the SDK executes the first."""
        answer = self.finished_answers - 1
        names = [call.name for call in self._calls.get(answer, ())]
        index = names.index(tool_name) if tool_name in names else 0
        key = self.key(f"handoff/{answer:04d}/{index}")
        return ToolCallScope(self.scope, key, self)

    def track_guardrails(self, running: Awaitable[Any]) -> Awaitable[Any]:
        """Return `running`, the guardrails of the input, such that a replayed answer waits for it."""
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        finished.add_done_callback(asyncio.Future.exception)  # marks it as retrieved
        self._guardrails.append(finished)

        async def track() -> Any:
            try:
                result = await running
            except Exception as error:
                finished.set_exception(error)
                raise
            finally:
                if not finished.done():
                    finished.set_result(None)
            return result

        return track()

    async def wait_for_guardrails(self) -> None:
        """Wait until the guardrails of the input are finished.

        A replayed answer would overtake them and run a tool that a tripwire has stopped before.

        Raises:
            Exception: a guardrail failed, or tripped in a Runner call without a stream.
        """
        if self._guardrails:
            await asyncio.wait(self._guardrails)
        for finished in self._guardrails:
            finished.result()


class ToolCallScope(CallScope):
    """A call that is journaled as a whole: a tool call, an action, a handoff or a step.

    Attributes:
        position: of a tool call or action; None for other calls.
        events: events held back until the call is journaled, with their queues.
        recorded: all events that a replay has to publish, in order.
        item_ids: ids of items that the call wrote directly to the store.
        context_changes: what the call and those inside it have changed in the agent's context.
        has_client_tool_call: whether the call has set the turn's `client_tool_call`.
    """

    def __init__(
        self,
        scope: RunScope,
        path: str,
        parent: CallScope | None = None,
        position: CallPosition | None = None,
    ) -> None:
        super().__init__(scope, path, parent)
        self.position = position
        self.events: list[HeldEvent] = []
        self.recorded: list[ThreadStreamEvent] = []
        self.item_ids: list[str] = []
        self.context_changes: list[dict[str, Any]] = []
        self.has_client_tool_call = False

    @property
    def is_alone(self) -> bool:
        """True if the model made no other call in the same answer."""
        if not isinstance(self.parent, RunnerCall) or self.position is None:
            return True
        return self.parent.count_calls(self.position.answer) <= 1

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the result of `decide` in the first attempt that reached this point.

        For choices that must not change when the call is repeated after its side effect: "milk" no
        longer matches an open task once that task is completed.
        """
        key = self._choice_key(name)
        recorded = self.scope.load(key)
        if recorded is not None:
            return recorded
        value = await decide()
        await self.scope.save(key, value)
        return value

    def note(self, name: str) -> None:
        """Record that the call reached this point; see `Journal.has_choice`.

        The record is saved with the call: until then, a later attempt makes the call again.
        """
        key = self._choice_key(name)
        if self.scope.load(key) is None:
            self.scope.journal.note(key, b"true")

    async def finish_at_end(self) -> None:
        """Request a call of `Assistant.finish_turn` after the agent's last answer."""
        self.note(AT_END)

    def _choice_key(self, name: str) -> str:
        is_root_call = _ROOT_CALL.fullmatch(self.path) is not None
        return self.key(name) if is_root_call else self.key("choice", name)

    def hold_back(self, queue: "asyncio.Queue[Any]", event: ThreadStreamEvent) -> bool:
        """Keep an event until the call is journaled; return False if it can be published now.

        A published `done` is thus always in the journal. Progress and deltas of streamed items are
        published at once. A call around this one records what this one publishes.
        """
        if event.type in _HELD_BACK:
            self.recorded.append(event)
            self.events.append((queue, event))
            return True
        if event.type in _PUBLISHED_AT_ONCE:
            for each in self.enclosing():
                if isinstance(each, ToolCallScope):
                    each.recorded.append(event)
        return False


_current: ContextVar[CallScope | None] = ContextVar("durable_chatkit_call_scope", default=None)


def current_scope() -> CallScope | None:
    """Return the scope in which this code runs, None outside of a turn."""
    return _current.get()


def current_runner_call() -> RunnerCall | None:
    """Return the Runner call whose loop, tools or guardrails run this code, None outside of one."""
    scope = _current.get()
    return scope if isinstance(scope, RunnerCall) else None


def current_tool_call() -> ToolCallScope | None:
    """Return the innermost call around this code that is journaled as a whole, None outside of one."""
    current = _current.get()
    if current is None:
        return None
    return next((each for each in current.enclosing() if isinstance(each, ToolCallScope)), None)


@contextmanager
def enter_scope(scope: CallScope) -> Iterator[CallScope]:
    """Run the code inside at another call path; its items get ids that are derived from the path.

    Don't yield to another task's context inside: a generator's caller shares its context variables.
    """
    token = _current.set(scope)
    try:
        with ExitStack() as stack:
            if scope.path:
                stack.enter_context(id_step(scope.path))
            if isinstance(scope, ToolCallScope):
                stack.enter_context(collect_written_items(scope.item_ids))
            yield scope
    finally:
        _current.reset(token)


def starting_input(given: Any) -> Any:
    """Return what identifies the input of a Runner call; for a `RunState`, its original input."""
    return getattr(given, "_original_input", given) if isinstance(given, RunState) else given


def hash_input(value: Any) -> str:
    """Return a hash of model input, 16 hex digits.

    Ids of items are left out, because those of unrecorded items are new in each attempt, and so are
    the signatures of links to files.
    """
    canonical = msgspec.json.encode(_without_ids(value), enc_hook=_describe, order="deterministic")
    return hashlib.sha256(_SIGNATURE.sub(b"", canonical)).hexdigest()[:16]


def _without_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_ids(each) for each in value]
    if isinstance(value, dict) and "id" in value:
        return {name: each for name, each in value.items() if name != "id"}
    return value


def _describe(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    return type(value).__qualname__  # its repr may contain an address


def _slug(name: str) -> str:
    return _NOT_IN_KEYS.sub("-", name)[:_MAX_SLUG_CHARS] or "-"
