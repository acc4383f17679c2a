"""Drives one claimed run to its end: claim the log, answer, store the outcome, write the marker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, cast

import msgspec
import structlog
from agents import Agent, FunctionTool, Model, RunConfig, TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import ErrorEvent, ThreadItemRemovedEvent, ThreadStreamEvent

from todo_agent.agent.failures import INTERNAL, POISONED
from todo_agent.agent.history import HistoryLimits
from todo_agent.agent.model_replay import ReplayModel
from todo_agent.agent.retried import effects_of
from todo_agent.agent.run_context import RunContext
from todo_agent.agent.run_scope import RunScope, RunStoppedError, Said
from todo_agent.agent.tool_replay import durable_tool
from todo_agent.chatkit.accepted import AcceptedTurn, load_turn
from todo_agent.chatkit.context import IdScope, RequestContext
from todo_agent.chatkit.store import PostgresStore
from todo_agent.chatkit.wire import encode_event
from todo_agent.errors import UnknownThingError
from todo_agent.storage.run import EndStatus, RunRecord
from todo_agent.storage.run_repository import RunRepository
from todo_agent.worker.active_run import ActiveRun
from todo_agent.worker.errors import RunAbandonedError
from todo_agent.worker.fold import LogFold, fold
from todo_agent.worker.journal import StepJournal
from todo_agent.worker.outbox import Outbox
from todo_agent.worker.run_server import RunServer
from todo_agent.worker.times import WorkerTimes
from todochat.bus import (
    BusUnavailableError,
    ClaimedRun,
    RunLostError,
    RunPublisher,
    RunUnclaimedError,
)
from todochat.faults import fault_point

MAX_LOST_LOGS: Final = 3
RETRY: Final = "threads.retry_after_item"

log = structlog.get_logger(__name__)


class DriverTools(msgspec.Struct, frozen=True, kw_only=True):
    """What all drivers of a worker share."""

    runs: RunRepository
    store: PostgresStore
    publisher: RunPublisher
    agent: Agent[RunContext]
    model: Model
    converter: ThreadItemConverter
    history: HistoryLimits
    max_turns: int
    times: WorkerTimes


class RunOutcome(msgspec.Struct, frozen=True):
    """How a run ended; `error` is a code for operators."""

    status: EndStatus
    error: str | None = None


class RunDriver:
    """Drives one run once; a second claim gets a driver of its own."""

    def __init__(self, tools: DriverTools, active: ActiveRun) -> None:
        self._tools = tools
        self._active = active
        self._run: RunRecord = active.record
        self._is_new = active.record.attempt == 1

    async def drive(self) -> RunOutcome:
        """Drive the run to its end marker.

        Raises:
            RunLostError: another attempt has it.
            RunAbandonedError: this worker can't go on; the run is as it was for the next attempt.
        """
        for _ in range(MAX_LOST_LOGS):
            try:
                return await self._drive_once()
            except RunUnclaimedError:
                # Redis was flushed. The run is still ours in PostgreSQL: claim the log anew and
                # go on as after a takeover. Viewers reload what is stored at `: snapshot`.
                log.warning("run.log_lost", run_id=self._run.run_id)
            except BusUnavailableError as error:
                raise RunAbandonedError(repr(error)) from error
        msg = "the run's log was lost again and again"
        raise RunAbandonedError(msg)

    async def _drive_once(self) -> RunOutcome:
        run = self._run
        fault_point("run.claimed")
        claimed = await self._tools.publisher.claim(
            run.run_id,
            run.attempt,
            user_id=run.user_id,
            thread_id=run.thread_id,
            seq_high=self._active.sent_seq,
        )
        self._active.attach_writer(claimed.writer)
        self._check_abandoned()
        if not run.is_active:
            outcome = RunOutcome(_end_status(run), run.error)
        elif claimed.ended is not None:
            outcome = RunOutcome(claimed.ended)
        else:
            outcome = await self._answer(claimed)
        await self._end(claimed, outcome)
        return outcome

    async def _answer(self, claimed: ClaimedRun) -> RunOutcome:
        run, active = self._run, self._active
        if run.is_poisoned:
            return await self._give_up(claimed)
        said = fold_log(claimed)
        context = RequestContext(
            user_id=run.user_id,
            ids=IdScope(run.run_id, said.removed),
            run_id=run.run_id,
            attempt=run.attempt,
            timezone=run.timezone,
            locale=run.locale,
            traceparent=run.traceparent,
        )
        try:
            turn = await load_turn(self._tools.store, run, context)
        except UnknownThingError:
            # The thread went away; the api has asked for the run to stop.
            return (
                RunOutcome("cancelled") if active.cancelled else RunOutcome("failed", "thread-gone")
            )
        server = await self._server(context, said)
        outbox = Outbox(claimed.writer, said, active)
        await self._publish(server, turn, context, outbox)
        self._check_abandoned()
        if server.was_cancelled:
            return RunOutcome("cancelled")
        if server.failure is not None:
            return RunOutcome("failed", server.failure.code)
        return RunOutcome("failed", INTERNAL.code) if outbox.has_failed else RunOutcome("completed")

    def _check_abandoned(self) -> None:
        if self._active.abandoned is not None:
            raise RunAbandonedError(self._active.abandoned)

    async def _give_up(self, claimed: ClaimedRun) -> RunOutcome:
        """End a run that killed its workers, touching as little as possible of what may do that."""
        try:
            begun = list(fold_log(claimed).open.items)
        except ValueError:
            begun = []
        for item_id in begun:
            await claimed.writer.append(encode_event(ThreadItemRemovedEvent(item_id=item_id)))
        error = ErrorEvent(message=POISONED.message, allow_retry=POISONED.allow_retry)
        await claimed.writer.append(encode_event(error))
        return RunOutcome("failed", POISONED.code)

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
            said=Said(frozenset(said.done), said.effects),
        )
        self._active.attach_scope(scope)
        agent = tools.agent.clone(
            tools=[
                durable_tool(tool, scope) if isinstance(tool, FunctionTool) else tool
                for tool in tools.agent.tools
            ]
        )
        return RunServer(
            tools.store,
            agent=agent,
            run_config=RunConfig(model=ReplayModel(tools.model, scope), tracing_disabled=True),
            max_turns=tools.max_turns,
            converter=tools.converter,
            limits=tools.history,
            active=self._active,
            scope=scope,
            journal=journal,
            said=said,
            effects=await self._effects(),
        )

    async def _publish(
        self, server: RunServer, turn: AcceptedTurn, context: RequestContext, outbox: Outbox
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
        return list(effects_of(await self._tools.runs.load_earlier_tool_steps(self._run)))

    async def _end(self, claimed: ClaimedRun, outcome: RunOutcome) -> None:
        """Everything is in the log, then the outcome is stored, then the marker is written."""
        run, writer = self._run, claimed.writer
        await writer.flush()
        fault_point("run.answered")
        seq = writer.sent_seq
        if not await self._tools.runs.finish(
            run.run_id, run.attempt, outcome.status, outcome.error, seq
        ):
            raise RunLostError(run.run_id)
        self._active.ended = True
        fault_point("run.finished")
        await writer.end(outcome.status)
        fault_point("run.ended")
        await self._tools.runs.close(run.run_id, run.attempt)


def fold_log(claimed: ClaimedRun) -> LogFold:
    """Fold what earlier attempts have said."""
    return fold(frame.data for frame in claimed.frames if frame.data is not None)


async def _drain(events: AsyncIterator[ThreadStreamEvent], timeout_s: float) -> None:
    """Consume what a halted agent still says: breaking the stream off would leave tasks behind."""
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in events:
                pass
    except (Exception, RunLostError, RunAbandonedError, RunStoppedError) as error:  # noqa: BLE001
        log.info("run.drained", error=repr(error))


def _end_status(run: RunRecord) -> EndStatus:
    if run.status in {"queued", "running"}:
        msg = f"run {run.run_id} has not ended"
        raise ValueError(msg)
    return cast("EndStatus", run.status)
