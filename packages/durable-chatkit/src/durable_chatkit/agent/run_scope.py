"""State of one attempt at a run, shared by the hooks around its models, tools and handlers.

Every attempt runs the turn's code from its start; steps finished by earlier attempts are read from
the journal. A step is identified by its call path (see `durable_chatkit.agent.call_scope`), never by
ids of the provider, because servers repeat them (`call_0`).
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

import structlog
from agents import Agent, RunResultStreaming, TResponseInputItem
from chatkit.types import ThreadStreamEvent
from openai.types.responses import Response

from durable_chatkit.agent.run_models import RunModels
from durable_chatkit.chatkit.context import IdScope
from durable_chatkit.metrics import REPLAY_MISMATCHES
from durable_chatkit.storage.usage_repository import AnswerUsage

INPUT_KEY: Final = "input"
START_KEY: Final = "start"  # what a hosted server got in the first attempt
AT_END: Final = "at-end"
CALL_KINDS: Final = frozenset({"tool", "handoff", "step"})
# The last part of a key: an answer, or a call with its number.
_STEP: Final = re.compile(r"(?:^|/)(?:(answer)/\d+|(tool|handoff|step)/[^/]+/\d+)$")

T = TypeVar("T")

log = structlog.get_logger(__name__)


class RunPresenter(Protocol):
    """Streams to viewers the Runner calls that the turn's own code makes without a stream."""

    async def present(
        self, agent: Agent[Any], given: Any, start: Callable[[Any], RunResultStreaming]
    ) -> RunResultStreaming:
        """Start a Runner call with `given` or a longer input, show its stream, return its result."""


class RunStoppedError(BaseException):
    """The run was cancelled or lost before its next step could start.

    A BaseException, so that neither the SDK nor openai-chatkit turns it into an error event.
    """


class Journal(Protocol):
    """The finished steps of a run: insert-only and fenced by the attempt."""

    def get(self, key: str) -> bytes | None:
        """Return the payload of a step, None if no attempt has finished it."""

    def keys(self) -> Collection[str]:
        """Return the keys of all finished steps."""

    def has_choice(self, name: str) -> bool:
        """Return whether a call of the run recorded a choice of this name, in any attempt."""

    def note(self, key: str, payload: bytes) -> None:
        """Insert a step together with the next one that is saved."""

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Insert a step, with its usage if it is a model answer.

        Raises:
            RunLostError: a later attempt owns the run.
        """


class NullJournal:
    """The journal of a run that no other attempt continues."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002 - a journal's signature
        """Return nothing."""
        return None

    def keys(self) -> Collection[str]:
        """Return nothing."""
        return ()

    def has_choice(self, name: str) -> bool:  # noqa: ARG002 - a journal's signature
        """Return False."""
        return False

    def note(self, key: str, payload: bytes) -> None:
        """Store nothing."""

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Store nothing."""


class AnswerImages(Protocol):
    """Keeps images outside of the journal."""

    async def load_links(self, items: list[TResponseInputItem]) -> list[TResponseInputItem]:
        """Return model input with images in place of links to them."""

    async def detach(self, response: Response) -> Response:
        """Store an answer's images; return a copy with references in their place."""

    async def attach(self, response: Response) -> None:
        """Replace the references in a recorded answer by the images."""


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
    """Position of a call in its Runner call: the `index`-th call of the `answer`-th answer."""

    answer: int
    index: int

    @property
    def key(self) -> str:
        """The journal key of the call, below the path of its Runner call."""
        return f"tool/{self.answer:04d}/{self.index}"


def step_kind(key: str) -> str:
    """Return the kind of a journal key: `input`, `start`, `answer`, `tool`, `handoff`, `step` or `choice`.

    An action and the end of a turn are of kind `tool`.
    """
    if key in {INPUT_KEY, START_KEY}:
        return key
    match = _STEP.search(key)
    return "choice" if match is None else match[1] or match[2]


def is_tool_step(key: str) -> bool:
    """Return whether a journal key is a finished tool call, as opposed to a choice within a call."""
    return step_kind(key) == "tool"


def is_choice(key: str, name: str) -> bool:
    """Return whether a journal key is a choice of this name."""
    return step_kind(key) == "choice" and key.endswith(f"/{name}")


class RunScope:
    """The state of one attempt.

    Args:
        ids: deterministic ids of the run's items.
        published: events published by earlier attempts.
        models: resolves the models of Runner calls; None leaves that to the SDK.
        user_id: the run's user, whose budget model calls are checked against.
        shows_reasoning: whether viewers get the model's reasoning.
        images: stores generated images; None keeps them in the journal.
        stream_window_s: how long a model's deltas wait to be merged; 0: not at all.

    Attributes:
        is_stopping: set when the run is cancelled or lost; no further step may start.
        open_calls: names of the tools and actions in progress, by call path.
        queues: the queues of events between the turn's code and openai-chatkit, the newest last.
        replayed_item_ids: ids of items that replayed calls had written directly to the store.
        context_watches: the agents' context objects by id; see
            `durable_chatkit.agent.context_changes`.
        presenter: streams the Runner calls that an exported workflow makes without a stream.
        unsaved_answers: journal keys of the answers that are streaming.
        cut_notice: the notice about an answer that the model server cut off.
    """

    def __init__(
        self,
        *,
        run_id: str,
        attempt: int,
        ids: IdScope,
        journal: Journal,
        published: PublishedEvents,
        models: RunModels | None = None,
        user_id: str = "",
        shows_reasoning: bool = True,
        images: AnswerImages | None = None,
        stream_window_s: float = 0,
    ) -> None:
        self.run_id = run_id
        self.user_id = user_id
        self.attempt = attempt
        self.ids = ids
        self.journal = journal
        self.done_item_ids = published.done_item_ids
        self.models = models
        self.is_stopping = False
        self.open_calls: dict[str, str] = {}
        self.queues: list[asyncio.Queue[Any]] = []
        self.replayed_item_ids: set[str] = set()
        self.context_watches: dict[int, Any] = {}
        self.presenter: RunPresenter | None = None
        self.shows_reasoning = shows_reasoning
        self.images = images
        self.stream_window_s = stream_window_s
        self.unsaved_answers: set[str] = set()
        self.cut_notice: str | None = None
        self._effects = published.effects.copy()
        self._siblings: Counter[str] = Counter()
        self._recorded = frozenset(journal.keys())
        self._claimed: set[str] = set()
        self._mismatches: set[str] = set()
        self._cancels: set[Callable[[], object]] = set()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # a test without a loop

    def next_sibling(self, path: str) -> int:
        """Return how many siblings with this path have started in this attempt, and count one."""
        number = self._siblings[path]
        self._siblings[path] += 1
        return number

    @contextmanager
    def unsaved_answer(self, key: str) -> Iterator[None]:
        """Mark an answer as streaming and not journaled yet, until `mark_saved` or the end."""
        self.unsaved_answers.add(key)
        try:
            yield
        finally:
            self.unsaved_answers.discard(key)

    def mark_saved(self, key: str) -> None:
        """Mark an answer as journaled."""
        self.unsaved_answers.discard(key)

    def load(self, key: str) -> bytes | None:
        """Return the payload of a step as `Journal.get` does, and note that this attempt uses it."""
        self._claimed.add(key)
        return self.journal.get(key)

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        """Insert a step as `Journal.save` does, from any thread of the turn."""
        await self.on_loop(self.journal.save(key, payload, usage))

    @property
    def is_on_loop(self) -> bool:
        """True in the turn's event loop, False in a loop of `Runner.run_sync` in a tool's thread."""
        return self._loop is None or asyncio.get_running_loop() is self._loop

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` on the turn's event loop.

        `Runner.run_sync` in a tool's thread has a loop of its own, which the model's client and the
        database's connections don't belong to.
        """
        if self._loop is None or self.is_on_loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def raise_if_stopped(self) -> None:
        """Check that the next step may start.

        Raises:
            RunStoppedError: the run was cancelled or lost.
        """
        if self.is_stopping:
            raise RunStoppedError

    def stop(self) -> None:
        """Let no further step start, and cancel open model calls and streamed Runner calls."""
        self.is_stopping = True
        for cancel in list(self._cancels):
            cancel()

    def on_stop(self, cancel: Callable[[], object]) -> None:
        """Call `cancel` when the run is stopped, or now if it was; `forget` undoes this."""
        self._cancels.add(cancel)
        if self.is_stopping:
            cancel()

    def forget(self, cancel: Callable[[], object]) -> None:
        """Don't call `cancel` any more."""
        self._cancels.discard(cancel)

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

    def record_mismatch(self, path: str, reason: str) -> None:
        """Log and count that steps recorded below `path` don't fit this attempt, once per path."""
        if path in self._mismatches:
            return
        self._mismatches.add(path)
        REPLAY_MISMATCHES.inc()
        log.warning("replay.mismatch", run_id=self.run_id, path=path, reason=reason)

    def unclaimed_steps(self) -> set[str]:
        """Return the steps of earlier attempts that a completed attempt never asked for.

        Steps within a replayed call are not among them: the call stands for them.
        """
        calls = tuple(f"{key}/" for key in self._claimed & self._recorded)
        return {
            key for key in self._recorded - self._claimed - {INPUT_KEY} if not key.startswith(calls)
        }

    def record_unclaimed(self) -> set[str]:
        """Record the Runner calls of `unclaimed_steps` as mismatches; return the steps."""
        unclaimed = self.unclaimed_steps()
        for key in sorted(unclaimed):
            if step_kind(key) == "answer":
                path = key.rpartition("/")[0].rpartition("/")[0]
                self.record_mismatch(path, "the recorded Runner call did not happen again")
        return unclaimed
