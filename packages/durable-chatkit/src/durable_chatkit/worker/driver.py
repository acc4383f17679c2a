"""Drives one claimed run to its end: claim the log, answer, store the outcome, write the marker."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Final, cast

import structlog
from agents import FunctionTool, RunConfig, TResponseInputItem
from chatkit.types import ErrorEvent, ThreadItemRemovedEvent, ThreadMetadata, ThreadStreamEvent

from durable_chatkit.agent.failures import INTERNAL, OUT_OF_MEMORY, POISONED, Failure
from durable_chatkit.agent.model_replay import ReplayModel
from durable_chatkit.agent.retry_effects import earlier_call_items, removed_effects_note
from durable_chatkit.agent.run_scope import PublishedEvents, RunScope, RunStoppedError
from durable_chatkit.agent.tool_replay import durable_tool
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.encoding import encode_event
from durable_chatkit.chatkit.turn_loader import AcceptedTurn, load_turn
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.metrics import LOGS_DROPPED
from durable_chatkit.storage.run import EndStatus, RunRecord
from durable_chatkit.worker.active_run import ActiveRun
from durable_chatkit.worker.driver_tools import DriverTools, RunOutcome
from durable_chatkit.worker.errors import RunReleasedError
from durable_chatkit.worker.fold import LogFold, fold_log
from durable_chatkit.worker.frame_publisher import FramePublisher
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.run_server import RunServer
from todochat.bus import (
    BusFullError,
    BusUnavailableError,
    ClaimedRun,
    RunLostError,
    RunUnclaimedError,
)
from todochat.faults import fault_point

MAX_LOST_LOGS: Final = 3
RETRY: Final = "threads.retry_after_item"

log = structlog.get_logger(__name__)


class RunDriver:
    """Drives one run once; a second claim gets a driver of its own."""

    def __init__(self, tools: DriverTools, active: ActiveRun) -> None:
        self._tools = tools
        self._active = active
        self._run: RunRecord = active.record
        self._is_new = active.record.attempt == 1
        # What PostgreSQL has as the outcome; then only the end marker is missing.
        self._stored = None if self._run.is_active else _stored_outcome(self._run)
        self._loaded_threads: dict[str, ThreadMetadata] = {}
        self._said: LogFold | None = None
        self._answered: RunOutcome | None = None
        self._bus_is_full = False

    async def drive(self) -> RunOutcome:
        """Drive the run to its end marker.

        Raises:
            RunLostError: another attempt has it.
            RunReleasedError: this worker can't go on; the run is as it was for the next attempt.
        """
        for _ in range(MAX_LOST_LOGS):
            try:
                return await self._drive_once()
            except RunUnclaimedError:
                # Redis was flushed. If the run is still ours in PostgreSQL, claim the log anew and
                # go on as after a takeover. Viewers reload what is stored at `: snapshot`.
                log.warning("run.log_lost", run_id=self._run.run_id)
                await self._keep_seq(self._active.sent_seq)
            except BusFullError:
                # Claiming again and again would help nobody: end the run in a way that people see.
                log.warning("run.bus_full", run_id=self._run.run_id)
                self._bus_is_full = True
            except BusUnavailableError as error:
                raise RunReleasedError("Redis can't be reached") from error
        msg = "the run's log was lost again and again"
        raise RunReleasedError(msg)

    async def _drive_once(self) -> RunOutcome:
        run = self._run
        fault_point("run.claimed")
        claimed, turn = await self._claim_and_load()
        if run.attempt > 1 or claimed.lost_log or not claimed.was_known:
            await self._keep_seq(claimed.writer.sent_seq)
        fault_point("log.claimed")
        self._check_released()
        if self._stored is not None:
            outcome = self._stored
        elif claimed.ended is not None:
            outcome = RunOutcome(claimed.ended)
        elif self._bus_is_full:
            outcome = self._answered or await self._give_up(claimed, OUT_OF_MEMORY)
        elif run.is_poisoned:
            outcome = await self._give_up(claimed, POISONED)
        elif turn is None:
            # The thread went away; the api has asked for the run to stop.
            is_wanted = not self._active.cancelled
            outcome = RunOutcome("failed", "thread-gone") if is_wanted else RunOutcome("cancelled")
        else:
            outcome = self._answered = await self._answer(claimed, turn)
        await self._end(claimed, outcome)
        return outcome

    async def _claim_and_load(self) -> tuple[ClaimedRun, AcceptedTurn | None]:
        """Do both side by side: what viewers see first waits for them.

        If one fails the other is waited for all the same, or it would go on when the run is
        somebody else's: a claim that comes late enough would begin a log that nobody writes.
        """
        claimed, turn = await asyncio.gather(
            self._claim_log(), self._load_turn(), return_exceptions=True
        )
        if isinstance(claimed, BaseException):
            raise claimed
        self._active.attach_writer(claimed.writer)
        if isinstance(turn, BaseException):
            raise turn
        return claimed, turn

    async def _claim_log(self) -> ClaimedRun:
        run, active, is_full = self._run, self._active, self._bus_is_full
        return await self._tools.publisher.claim(
            run.run_id,
            run.attempt,
            user_id=run.user_id,
            thread_id=run.thread_id,
            # Frames that Redis had no memory for are lost: the log ends where they are missing, and
            # a claim that names them drops it and has viewers reload what is stored.
            seq_high=active.seq if is_full else active.sent_seq,
            when_full=is_full,
        )

    async def _keep_seq(self, seq: int) -> None:
        """Save the last seq, in case that the log is lost (again), as only the run's holder can.

        Redis alone can't tell who that is: after a flush, a worker that slept past its lease finds
        nobody there and claims the log.

        Raises:
            RunLostError: another attempt has the run.
        """
        await self._tools.runs.save_seq_high(self._run.run_id, self._run.attempt, seq)

    async def _load_turn(self) -> AcceptedTurn | None:
        if self._stored is not None or self._run.is_poisoned:
            return None
        self._loaded_threads.clear()
        try:
            return await load_turn(self._tools.store, self._run, self._context(set()))
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
            loaded_threads=self._loaded_threads,
        )

    async def _answer(self, claimed: ClaimedRun, turn: AcceptedTurn) -> RunOutcome:
        said = self._said = fold_log(claimed)
        context = self._context(said.removed)
        server = await self._server(context, said)
        outbox = FramePublisher(claimed.writer, said, self._active)
        await self._publish(server, turn, context, outbox)
        self._check_released()
        if server.was_cancelled:
            return RunOutcome("cancelled")
        if server.failure is not None:
            return RunOutcome("failed", server.failure.code)
        return RunOutcome("failed", INTERNAL.code) if outbox.has_failed else RunOutcome("completed")

    def _check_released(self) -> None:
        if self._active.released is not None:
            raise RunReleasedError(self._active.released)

    async def _give_up(self, claimed: ClaimedRun, failure: Failure) -> RunOutcome:
        """End a run without its agent, touching as little as possible of what may go wrong."""
        try:
            begun = list((self._said or fold_log(claimed)).open.items)
        except ValueError:
            begun = []
        for item_id in begun:
            await claimed.writer.append(encode_event(ThreadItemRemovedEvent(item_id=item_id)))
        if self._active.cancelled:
            return RunOutcome("cancelled")
        error = ErrorEvent(message=failure.message, allow_retry=failure.allow_retry)
        await claimed.writer.append(encode_event(error))
        return RunOutcome("failed", failure.code)

    async def _server(self, context: RequestContext, said: LogFold) -> RunServer:
        run, tools = self._run, self._tools
        # When a run is driven for the first time nobody can have finished anything of it.
        steps = {} if self._is_new else await tools.runs.load_steps(run.run_id)
        self._is_new = False
        journal = StepJournal(tools.runs, run.run_id, run.attempt, steps)
        scope = RunScope(
            run_id=run.run_id,
            attempt=run.attempt,
            ids=context.ids,
            journal=journal,
            published=PublishedEvents(frozenset(said.done), said.effects),
        )
        self._active.attach_scope(scope)
        agent = tools.assistant.agent.clone(
            tools=[
                durable_tool(tool, scope) if isinstance(tool, FunctionTool) else tool
                for tool in tools.assistant.agent.tools
            ]
        )
        return RunServer(
            tools.store,
            assistant=dataclasses.replace(tools.assistant, agent=agent),
            run_config=RunConfig(model=self._model(scope), tracing_disabled=True),
            max_turns=tools.max_turns,
            limits=tools.history,
            active=self._active,
            scope=scope,
            journal=journal,
            said=said,
            effects=await self._effects(),
        )

    def _model(self, scope: RunScope) -> ReplayModel:
        tools = self._tools
        return ReplayModel(
            tools.model, scope, tools.meter, user_id=self._run.user_id, name=tools.model_name
        )

    async def _publish(
        self, server: RunServer, turn: AcceptedTurn, context: RequestContext, outbox: FramePublisher
    ) -> None:
        events = server.run_turn(turn, context)
        try:
            async for event in events:
                fault_point("event.stored")
                await outbox.publish(event)
                fault_point("event.published")
        except BaseException:
            server.mute()
            self._active.halt()
            await _drain(events, self._tools.times.settle_s)
            raise
        finally:
            self._active.halt()
            await self._active.settle(self._tools.times.settle_s)
            await server.aclose()

    async def _effects(self) -> list[TResponseInputItem]:
        if self._run.request_type != RETRY:
            return []
        runs, run = self._tools.runs, self._run
        return [
            *removed_effects_note(await runs.load_removed_tool_steps(run)),
            *earlier_call_items(await runs.load_earlier_tool_steps(run)),
        ]

    async def _end(self, claimed: ClaimedRun, outcome: RunOutcome) -> None:
        """Everything is in the log, then the outcome is stored, then the marker is written."""
        run, writer = self._run, claimed.writer
        await writer.flush()
        fault_point("run.answered")
        seq = writer.sent_seq
        if not await self._tools.runs.finish(
            run.run_id, run.attempt, outcome.status, outcome.error, seq, writer.size_bytes
        ):
            raise RunLostError(run.run_id)
        self._active.ended = True
        self._stored = outcome
        fault_point("run.finished")
        await writer.end(outcome.status)
        fault_point("run.ended")
        dropped = await self._tools.runs.close(
            run.run_id, run.attempt, log_quota_bytes=self._tools.log_quota_bytes
        )
        if dropped:
            await self._drop_logs(dropped)

    async def _drop_logs(self, run_ids: list[str]) -> None:
        """Keep the user's logs within the quota; late viewers of these runs read the thread."""
        try:
            await self._tools.publisher.drop_logs(run_ids)
        except BusUnavailableError as error:
            log.warning("run.drop_logs_failed", count=len(run_ids), error=error)
        else:
            LOGS_DROPPED.inc(len(run_ids))


async def _drain(events: AsyncIterator[ThreadStreamEvent], timeout_s: float) -> None:
    """Consume what a halted agent still says: breaking the stream off would leave tasks behind."""
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in events:
                pass
    except (Exception, RunLostError, RunReleasedError, RunStoppedError) as error:  # noqa: BLE001
        log.info("run.drained", error=error)


def _stored_outcome(run: RunRecord) -> RunOutcome:
    return RunOutcome(cast("EndStatus", run.status), run.error)
