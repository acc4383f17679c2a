"""Drives one claimed run to its end: claim the log, answer, store the outcome, write the marker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

import msgspec
import structlog
from chatkit.server import ChatKitServer
from chatkit.types import (
    ErrorEvent,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
)

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.call_scope import CallScope, enter_scope
from durable_chatkit.agent.failures import INTERNAL, OUT_OF_MEMORY, POISONED, Failure
from durable_chatkit.agent.generated_images import GeneratedImages
from durable_chatkit.agent.history import HistoryLimits
from durable_chatkit.agent.mcp_servers import McpConnections
from durable_chatkit.agent.run_models import RunModels
from durable_chatkit.agent.run_scope import PublishedEvents, RunScope, RunStoppedError
from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.encoding import encode_event
from durable_chatkit.chatkit.image_store import ImageStore
from durable_chatkit.chatkit.rows import decode_thread
from durable_chatkit.chatkit.server import AcceptedTurn, load_turn
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.hosting.context import current_request
from durable_chatkit.metrics import LOGS_DROPPED
from durable_chatkit.storage.run import EndStatus, RunRecord
from durable_chatkit.storage.run_repository import Opening, RunRepository
from durable_chatkit.storage.user_run_repository import UserRunRepository
from durable_chatkit.worker.assistant_server import AssistantServer
from durable_chatkit.worker.fold import LogFold, fold_log
from durable_chatkit.worker.frame_publisher import FramePublisher
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.leases import WorkerTimes
from durable_chatkit.worker.run_handle import RunHandle, RunReleasedError
from durable_chatkit.worker.turn_end import thread_updated
from durable_chatkit.worker.turn_harness import TurnHarness
from durable_chatkit.worker.turn_input import load_retry_effects
from todochat.bus import (
    BusFullError,
    BusUnavailableError,
    ClaimedRun,
    RunLogFullError,
    RunLostError,
    RunPublisher,
    RunUnclaimedError,
)
from todochat.faults import fault_point

MAX_LOST_LOGS: Final = 3
THREAD_UPDATED: Final = b'"type":"thread.updated"'

log = structlog.get_logger(__name__)


class DriverResources(msgspec.Struct, frozen=True, kw_only=True):
    """The objects and limits that all drivers of a worker share.

    Args:
        responder: responds to turns: an assistant, or an adopter's server.
        stream_window_s: how long a model's deltas wait to be merged; 0: not at all.
        log_quota_bytes: limit on the Redis memory of one user's logs.
    """

    runs: RunRepository
    user_runs: UserRunRepository
    store: PostgresStore
    images: ImageStore
    links: AttachmentLinks
    publisher: RunPublisher
    responder: Assistant | ChatKitServer[Any]
    models: RunModels
    history: HistoryLimits
    max_turns: int
    shows_reasoning: bool
    stream_window_s: float
    log_quota_bytes: int
    times: WorkerTimes
    mcp: McpConnections


class RunOutcome(msgspec.Struct, frozen=True):
    """The outcome of a run; `error` is a code for operators."""

    status: EndStatus
    error: str | None = None


class RunDriver:
    """Drives one claimed run once; each claim creates a driver.

    Args:
        opening: the run's thread as the claim read it; None reads it from PostgreSQL.
    """

    def __init__(
        self, resources: DriverResources, run_handle: RunHandle, opening: Opening | None = None
    ) -> None:
        self._resources = resources
        self._handle = run_handle
        self._opening = opening
        self._run: RunRecord = run_handle.record
        self._is_new = self._run.attempt == 1
        # If PostgreSQL has an outcome, only the end marker is missing.
        self._stored: RunOutcome | None = None
        if not self._run.is_active:
            self._stored = RunOutcome(cast("EndStatus", self._run.status), self._run.error)
        self._loaded_threads: dict[str, ThreadMetadata] = {}
        self._published: LogFold | None = None
        self._answered: RunOutcome | None = None
        self._titled: ThreadUpdatedEvent | None = None  # the title is stored with the outcome
        self._bus_is_full = False

    async def drive(self) -> RunOutcome:
        """Drive the run to its end marker.

        Raises:
            RunLostError: another attempt has the run.
            RunReleasedError: this worker can't continue; the next attempt can.
        """
        for _ in range(MAX_LOST_LOGS):
            try:
                return await self._drive_once()
            except RunUnclaimedError:
                # Redis was flushed. If PostgreSQL still has the run as ours, claim the log again and
                # continue as after a takeover. Viewers reload the stored state at `: snapshot`.
                log.warning("run.log_lost", run_id=self._run.run_id)
                self._opening = None
                await self._save_seq(self._handle.sent_seq)
            except BusFullError:
                # Claiming again would not help: end the run with an error that users see.
                log.warning("run.bus_full", run_id=self._run.run_id)
                self._bus_is_full = True
                self._opening = None
            except BusUnavailableError as error:
                raise RunReleasedError("Redis is unreachable") from error
        msg = f"the run's log was lost {MAX_LOST_LOGS} times"
        raise RunReleasedError(msg)

    async def _drive_once(self) -> RunOutcome:
        run = self._run
        fault_point("run.claimed")
        claimed, turn = await self._claim_and_load()
        if run.attempt > 1 or claimed.lost_log or not claimed.was_known:
            await self._save_seq(claimed.writer.sent_seq)
        fault_point("log.claimed")
        self._handle.raise_if_released()
        if self._stored is not None:
            outcome = self._stored
        elif claimed.ended is not None:
            outcome = RunOutcome(claimed.ended)
        elif self._bus_is_full:
            outcome = self._answered or await self._end_without_agent(claimed, OUT_OF_MEMORY)
        elif run.is_poisoned:
            outcome = await self._end_without_agent(claimed, POISONED)
        elif turn is not None:
            outcome = self._answered = await self._answer(claimed, turn)
        elif self._handle.cancelled:
            # The thread was deleted, and the API has requested cancellation of the run.
            outcome = RunOutcome("cancelled")
        else:
            outcome = RunOutcome("failed", "thread-gone")
        await self._store_end(claimed, outcome)
        return outcome

    async def _claim_and_load(self) -> tuple[ClaimedRun, AcceptedTurn | None]:
        """Claim the log and load the turn concurrently: the first frame waits for both.

        If one fails, wait for the other nevertheless. Otherwise it could finish when another worker
        has the run: a claim that comes late enough would create a log without a writer.
        """
        run, run_handle, is_full = self._run, self._handle, self._bus_is_full
        claim = self._resources.publisher.claim(
            run.run_id,
            run.attempt,
            user_id=run.user_id,
            thread_id=run.thread_id,
            # Frames that Redis had no memory for are lost. The log ends before the first of them; a
            # claim with their seq drops the log and makes viewers reload the stored state.
            seq_high=run_handle.seq if is_full else run_handle.sent_seq,
            when_full=is_full,
        )
        claimed, turn = await asyncio.gather(claim, self._load_turn(), return_exceptions=True)
        if isinstance(claimed, BaseException):
            raise claimed
        run_handle.attach_writer(claimed.writer)
        if isinstance(turn, BaseException):
            raise turn
        return claimed, turn

    async def _save_seq(self, seq: int) -> None:
        """Store the last seq in PostgreSQL in case the log is lost; only the run's holder can.

        Redis alone can't tell who the holder is: after a flush, a worker whose lease expired while
        it was frozen finds no other claim and claims the log.

        Raises:
            RunLostError: another attempt has the run.
        """
        await self._resources.runs.save_seq_high(self._run.run_id, self._run.attempt, seq)

    async def _load_turn(self) -> AcceptedTurn | None:
        if self._stored is not None or self._run.is_poisoned:
            return None
        self._loaded_threads.clear()
        try:
            return await load_turn(self._resources.store, self._run, self._context(set()))
        except UnknownResourceError:
            return None

    def _context(self, removed: set[str]) -> RequestContext:
        run = self._run
        return RequestContext(
            user_id=run.user_id,
            ids=IdScope(run.run_id, removed),
            run_id=run.run_id,
            attempt=run.attempt,
            timezone=run.timezone,
            locale=run.locale,
            traceparent=run.traceparent,
            headers=run.headers,
            loaded_threads=self._loaded_threads,
            opening=self._opening,
        )

    async def _answer(self, claimed: ClaimedRun, turn: AcceptedTurn) -> RunOutcome:
        """Run the agent and publish its events."""
        published = self._published = fold_log(claimed)
        context = self._context(published.removed)
        scope, harness = await self._open_harness(context, published)
        sign = partial(self._resources.links.sign_event, user_id=self._run.user_id)
        publisher = FramePublisher(claimed.writer, published, self._handle, sign)
        settle_s = self._resources.times.settle_s
        with current_request(context), enter_scope(CallScope(scope)):
            events = harness.run(turn, context)
            try:
                async for event in events:
                    fault_point("event.stored")
                    if isinstance(event, ThreadUpdatedEvent) and context.is_titling:
                        self._titled = event  # published when it is stored
                        continue
                    await publisher.publish(event)
                    fault_point("event.published")
            except BaseException:
                harness.mute()
                self._handle.halt()
                await _drain(events, settle_s)
                raise
            finally:
                self._handle.halt()
                await self._handle.settle(settle_s)
                await harness.aclose()
        self._handle.raise_if_released()
        if harness.was_cancelled:
            return RunOutcome("cancelled")
        if harness.failure is not None:
            return RunOutcome("failed", harness.failure.code)
        if publisher.has_failed:
            return RunOutcome("failed", INTERNAL.code)
        return RunOutcome("completed")

    async def _end_without_agent(self, claimed: ClaimedRun, failure: Failure) -> RunOutcome:
        """End a run without its agent, with as few steps that can fail as possible."""
        try:
            open_ids = list((self._published or fold_log(claimed)).open.items)
        except ValueError:
            open_ids = []
        for item_id in open_ids:
            await claimed.writer.append(encode_event(ThreadItemRemovedEvent(item_id=item_id)))
        if self._handle.cancelled:
            return RunOutcome("cancelled")
        error = ErrorEvent(message=failure.message, allow_retry=failure.allow_retry)
        await claimed.writer.append(encode_event(error))
        return RunOutcome("failed", failure.code)

    async def _open_harness(
        self, context: RequestContext, published: LogFold
    ) -> tuple[RunScope, TurnHarness]:
        run, resources = self._run, self._resources
        # A run that is driven for the first time has no steps.
        is_first, self._is_new = self._is_new, False
        steps = {} if is_first else await resources.runs.load_steps(run.run_id)
        journal = StepJournal(resources.runs, run.run_id, run.attempt, steps)
        images = GeneratedImages(resources.images, context, run.thread_id)
        scope = RunScope(
            run_id=run.run_id,
            attempt=run.attempt,
            ids=context.ids,
            journal=journal,
            published=PublishedEvents(frozenset(published.done), published.effects),
            models=resources.models,
            user_id=run.user_id,
            shows_reasoning=resources.shows_reasoning,
            images=images,
            stream_window_s=resources.stream_window_s,
        )
        self._handle.attach_scope(scope)
        server: ChatKitServer[Any]
        if isinstance(resources.responder, Assistant):
            server = AssistantServer(
                resources.store,
                assistant=resources.responder,
                max_turns=resources.max_turns,
                limits=resources.history,
                run_handle=self._handle,
                scope=scope,
                journal=journal,
                published=published,
                effects=await load_retry_effects(resources.runs, run),
                mcp=resources.mcp,
            )
        else:
            server = resources.responder
        harness = TurnHarness(
            server,
            resources.store,
            run_handle=self._handle,
            scope=scope,
            journal=journal,
            images=images,
            published=published,
            is_first=is_first,
        )
        return scope, harness

    async def _store_end(self, claimed: ClaimedRun, outcome: RunOutcome) -> None:
        """Flush the log, store the outcome, write the end marker and close the run."""
        run, writer, resources = self._run, claimed.writer, self._resources
        await writer.flush()
        fault_point("run.answered")
        titled = await self._finish(claimed, outcome)
        self._handle.ended = True
        self._stored = outcome
        fault_point("run.finished")
        # Without memory for it, viewers find the title when they reload the thread.
        if titled is not None and claimed.ended is None and not self._bus_is_full:
            with suppress(RunLogFullError):
                await writer.append(encode_event(titled))
        await writer.end(outcome.status)
        fault_point("run.ended")
        over_quota = await resources.runs.close(
            run.run_id, run.attempt, log_quota_bytes=resources.log_quota_bytes
        )
        if over_quota:
            # Late viewers of these runs read the thread instead.
            try:
                await resources.publisher.drop_logs(over_quota)
            except BusUnavailableError as error:
                log.warning("run.drop_logs_failed", count=len(over_quota), error=error)
            else:
                LOGS_DROPPED.inc(len(over_quota))

    async def _finish(self, claimed: ClaimedRun, outcome: RunOutcome) -> ThreadUpdatedEvent | None:
        """Store the outcome and a new thread's title; return its event if viewers don't have it."""
        run, writer, resources = self._run, claimed.writer, self._resources
        position = writer.sent_seq, writer.size_bytes
        if self._stored is None and self._titled is not None:
            title = await resources.user_runs.finish_titled(
                run, outcome.status, outcome.error, *position, self._titled.thread.title
            )
            self._titled.thread.title = title
            return self._titled if title is not None else None
        if not await resources.runs.finish(
            run.run_id, run.attempt, outcome.status, outcome.error, *position
        ):
            raise RunLostError(run.run_id)
        if self._stored is None or self._opening is None or not run.turn.new_thread:
            return None
        # An earlier attempt may have died after it had stored the title with the outcome.
        thread = decode_thread(self._opening.thread)
        is_published = any(THREAD_UPDATED in (frame.data or b"") for frame in claimed.frames)
        return None if thread.title is None or is_published else thread_updated(thread)


async def _drain(events: AsyncIterator[ThreadStreamEvent], timeout_s: float) -> None:
    """Consume the remaining events of a halted agent: closing the stream early would leak tasks."""
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in events:
                pass
    except (Exception, RunLostError, RunReleasedError, RunStoppedError) as error:  # noqa: BLE001
        log.info("run.drained", error=error)
