"""The use cases of the internal API: respond to requests, accept runs, attach to runs."""

import asyncio
import dataclasses
import time
from typing import Final

import structlog
from chatkit.types import (
    AttachmentsCreateReq,
    AttachmentsDeleteReq,
    InputTranscribeReq,
    NonStreamingReq,
    SyncCustomActionResponse,
    ThreadsCustomActionReq,
    ThreadsDeleteReq,
    ThreadsSyncCustomActionReq,
    is_streaming_req,
)
from opentelemetry.trace import SpanKind

from durable_chatkit.chatkit.acceptance import Acceptance, InboundRequest
from durable_chatkit.chatkit.attachments import AttachmentService
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.dictation import Dictation, check_recording
from durable_chatkit.chatkit.encoding import encode_for_client
from durable_chatkit.chatkit.limits import check_non_streaming_limits
from durable_chatkit.chatkit.paging import check_id
from durable_chatkit.chatkit.private_api import process_non_streaming
from durable_chatkit.chatkit.requests import (
    ATTACH_ACTION,
    SimpleRequest,
    Submission,
    parse_request,
    simple_submission,
    submission_of,
    sync_submission,
)
from durable_chatkit.chatkit.server import AcceptingServer
from durable_chatkit.erasure import AccountGuard
from durable_chatkit.errors import (
    ActionFailedError,
    ActionRefusedError,
    FeatureUnavailableError,
    NoActiveRunError,
    UnknownResourceError,
)
from durable_chatkit.events.run_results import RunResults
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.hosting.requests import HostedRequests
from durable_chatkit.metrics import ACCEPT_SECONDS, REQUESTS
from durable_chatkit.storage.run import CancelReason, RunRecord
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.user_run_repository import CancelledItems, UserRunRepository
from todochat.contracts.runs import AcceptedRun
from todochat.database.outage import is_outage
from todochat.telemetry.logging import bind, log_content
from todochat.telemetry.tracing import TRACEPARENT, span, trace_headers

SIMPLE_TYPE: Final = "simple"
BACKLOG_MAX_AGE_S: Final = 1.0
BACKLOG_TIMEOUT_S: Final = 1.0

log = structlog.get_logger(__name__)


class RunBacklog:
    """Reports whether too many runs are queued.

    The runs are counted at most once a second, and runs that this process accepts in between are
    added, so several API processes together may exceed the limit by the runs that they accept within
    a second. If the database doesn't respond in time, the backlog counts as empty for that second:
    acceptance itself will fail then.
    """

    def __init__(self, runs: RunRepository, max_queued: int) -> None:
        self._runs = runs
        self._max_queued = max_queued
        self._length = 0
        self._counted_at = float("-inf")
        self._counting = asyncio.Lock()

    async def is_full(self) -> bool:
        """Return whether the limit is reached."""
        async with self._counting:
            if time.monotonic() - self._counted_at > BACKLOG_MAX_AGE_S:
                try:
                    async with asyncio.timeout(BACKLOG_TIMEOUT_S):
                        self._length = await self._runs.count_queued()
                except Exception as error:
                    if not is_outage(error):
                        raise
                    log.warning("queue.count_failed", error=error)
                    self._length = 0
                self._counted_at = time.monotonic()
        return self._length >= self._max_queued

    def count_accepted(self) -> None:
        """Add a run that this process has accepted."""
        self._length += 1


class ChatService:
    """Handles ChatKit requests, and finds, lists and cancels runs.

    Args:
        reader: returns threads and items to clients; see `LiveStore`.
        hosted: answers requests that need no run with an adopter's server.
    """

    def __init__(
        self,
        *,
        server: AcceptingServer,
        reader: AcceptingServer,
        acceptance: Acceptance,
        runs: UserRunRepository,
        backlog: RunBacklog,
        signals: RunSignals,
        results: RunResults,
        attachments: AttachmentService,
        dictation: Dictation,
        accounts: AccountGuard,
        hosted: HostedRequests | None = None,
    ) -> None:
        self._server = server
        self._reader = reader
        self._acceptance = acceptance
        self._runs = runs
        self._backlog = backlog
        self._signals = signals
        self._results = results
        self._attachments = attachments
        self._dictation = dictation
        self._accounts = accounts
        self._hosted = hosted

    @property
    def has_dictation(self) -> bool:
        """True if recordings are transcribed, by a configured model or an adopter's server."""
        return self._dictation.is_on or (self._hosted is not None and self._hosted.transcribes)

    async def handle(self, inbound: InboundRequest) -> bytes | AcceptedRun:
        """Return the JSON response of a request, or the run whose stream is the response."""
        request = parse_request(inbound.body)
        if isinstance(request, SimpleRequest):
            return await self._accept(simple_submission(request), inbound)
        if isinstance(request, ThreadsSyncCustomActionReq):
            return await self._act(request, inbound)
        if (
            isinstance(request, ThreadsCustomActionReq)
            and request.params.action.type == ATTACH_ACTION
        ):
            thread_id = request.params.thread_id
            check_id(thread_id, "thread")
            await self._accounts.check_open(inbound.user_id)
            run = await self._runs.find_active_run(thread_id, inbound.user_id)
            if run is None:
                raise NoActiveRunError(thread_id)
            REQUESTS.labels(ATTACH_ACTION, "attached").inc()
            return AcceptedRun(run.run_id, run.thread_id, run.conversation_id)
        if is_streaming_req(request):
            return await self._accept(submission_of(request), inbound)
        response = await self._process_non_streaming(request, inbound)
        REQUESTS.labels(request.type, "answered").inc()
        return response

    async def find_run(self, run_id: str, user_id: str) -> RunRecord | None:
        """Return one of the user's runs, or None."""
        return await self._runs.find_run(run_id, user_id)

    async def list_runs(
        self, thread_id: str | None, user_id: str, *, active: bool
    ) -> list[RunRecord]:
        """Return the newest runs of a thread, or without one the user's active runs."""
        if thread_id is None:
            return await self._runs.list_active_runs(user_id)
        return await self._runs.list_thread_runs(thread_id, user_id, active=active)

    async def list_cancelled_items(self, thread_id: str, user_id: str) -> CancelledItems:
        """Return the last items of a thread's cancelled responses, newest first."""
        return await self._runs.list_cancelled_items(thread_id, user_id)

    async def cancel_run(self, run_id: str, user_id: str, reason: CancelReason) -> RunRecord | None:
        """Request cancellation and notify the worker; a no-op for ended runs. None if unknown."""
        outcome = await self._runs.request_cancel(run_id, user_id, reason)
        if outcome is None:
            return None
        if outcome.stopped is not None:
            await self._signals.request_stop([outcome.stopped])
        return outcome.run

    async def _accept(self, submission: Submission, inbound: InboundRequest) -> AcceptedRun:
        began = time.perf_counter()
        queue_is_full = await self._backlog.is_full()
        with span("accept", kind=SpanKind.PRODUCER):
            traceparent = trace_headers().get(TRACEPARENT, inbound.traceparent)
            accepted = await self._acceptance.accept(
                submission,
                dataclasses.replace(inbound, traceparent=traceparent),
                queue_is_full=queue_is_full,
            )
        bind(run_id=accepted.run_id, thread_id=accepted.thread_id)
        log_content("message.accepted", body=inbound.body.decode(errors="replace"))
        kind = SIMPLE_TYPE if submission.simple_form else submission.request.type
        REQUESTS.labels(kind, "replayed" if accepted.replayed else "accepted").inc()
        if not accepted.replayed:
            self._backlog.count_accepted()
            ACCEPT_SECONDS.observe(time.perf_counter() - began)
        return accepted

    async def _act(self, request: ThreadsSyncCustomActionReq, inbound: InboundRequest) -> bytes:
        """Return the response to an action: an adopter's server's, or the widget that a run updated."""
        if request.params.action.type == ATTACH_ACTION:
            raise FeatureUnavailableError(
                "This action streams. Send `threads.custom_action` instead."
            )
        if self._hosted is not None and self._hosted.answers(request):
            answer = await self._process_non_streaming(request, inbound)
            REQUESTS.labels(request.type, "answered").inc()
            return answer
        params = request.params
        run = await self._accept(sync_submission(request), inbound)
        result = await self._results.wait_for_result(run.run_id)
        if result.status != "completed":
            ended = await self._runs.find_run(run.run_id, inbound.user_id)
            is_refused = ended is not None and ended.error == ActionRefusedError.code
            error = ActionRefusedError if is_refused else ActionFailedError
            raise error(result.message or "The action failed.")
        response = SyncCustomActionResponse()
        if params.item_id is not None:
            context = RequestContext(user_id=inbound.user_id, ids=IdScope(inbound.run_id))
            try:
                response.updated_item = await self._server.store.load_item(
                    params.thread_id, params.item_id, context
                )
            except UnknownResourceError:  # deleted, by the action or concurrently
                response.updated_item = None
        return encode_for_client(response)

    async def _process_non_streaming(
        self, request: NonStreamingReq, inbound: InboundRequest
    ) -> bytes:
        check_non_streaming_limits(request)
        await self._accounts.check_open(inbound.user_id)
        context = RequestContext(
            user_id=inbound.user_id,
            ids=IdScope(inbound.run_id),
            timezone=inbound.timezone,
            locale=inbound.locale,
            headers=inbound.headers,
        )
        if self._hosted is not None and self._hosted.answers(request):
            if isinstance(request, InputTranscribeReq):
                check_recording(request.params)
            return await self._hosted.answer(request, context)
        match request:
            case AttachmentsCreateReq():
                attachment = await self._attachments.register_upload(
                    request.params, context.user_id, context.ids.next_id("attachment")
                )
                return encode_for_client(attachment)
            case AttachmentsDeleteReq():
                await self._attachments.delete_attachment(
                    context.user_id, request.params.attachment_id
                )
                return b"{}"
            case InputTranscribeReq():
                return encode_for_client(await self._dictation.transcribe(request.params))
            case ThreadsDeleteReq():
                store = self._server.store
                stopped = await store.delete_thread_and_runs(request.params.thread_id, context)
                await self._signals.request_stop(stopped)
                return b"{}"
            case _:
                return await process_non_streaming(self._reader, request, context)
