"""Use cases of a verified user that concern runs: start, attach, cancel."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from chat_gateway.clients.agent_client import AgentClient, RelayedResponse
from chat_gateway.errors import RunNotFoundError
from chat_gateway.metrics import RESUMES
from chat_gateway.streams.admission import Admission
from chat_gateway.streams.redis_guard import redis_or_503
from chat_gateway.streams.simple_format import SimpleFormat
from chat_gateway.streams.stream_format import PlainFormat, ResumableFormat, StreamFormat
from chat_gateway.streams.viewer import StreamViewer
from todochat.bus import RunHub, RunLogExpiredError
from todochat.contracts.dictation import DICTATION_TYPE, TRANSCRIPTION_TIMEOUT_S
from todochat.contracts.runs import ACTIVE_STATUSES, AcceptedRun, RunStatus
from todochat.errors import ServiceError
from todochat.ids import new_id

# The transcription's own timeout, and 5 s for the calls around it.
_TIMEOUTS_S: Final = {DICTATION_TYPE: TRANSCRIPTION_TIMEOUT_S + 5}
_RUN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # goes into Redis keys and a path of the api
_ATTACH_FAILURES: Final = {404: "not-found", 410: "expired", 503: "unavailable"}


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A chat request.

    Attributes:
        agent: the agent that the path names; None for the default one.
        request_type: ChatKit's `type`; None for the simple form.
        headers: those that are forwarded to todo-agent.
        is_resumable: the client sent `X-Resumable: 1`.
    """

    agent: str | None
    body: bytes
    request_type: str | None
    headers: Mapping[str, str]
    is_resumable: bool


class PublicRunService:
    """Starts, attaches to and cancels runs; todo-agent executes them.

    Args:
        agents: the default agent as None, and further agents by name. They share a database, so
            that the default one knows all runs.
    """

    def __init__(self, agents: Mapping[str | None, AgentClient], hub: RunHub) -> None:
        self._agents = agents
        self._agent = agents[None]
        self._hub = hub

    async def submit_request(
        self, admission: Admission, request: ChatRequest
    ) -> RelayedResponse | StreamViewer:
        """Forward a request to todo-agent; return its JSON response or a viewer of the run.

        Raises:
            ServiceError: the request was refused, here or there.
        """
        outcome = await self._agents[request.agent].submit_request(
            admission.user_id,
            request.body,
            {**request.headers, "X-Run-Id": new_id("run")},
            timeout_s=_TIMEOUTS_S.get(request.request_type or ""),
        )
        if isinstance(outcome, RelayedResponse):
            return outcome
        if outcome.replayed:
            await self._locate_run(admission.user_id, outcome.run_id)  # its log may have expired
        return _viewer_of_accepted_run(admission, request, outcome)

    async def attach_to_run(self, admission: Admission, run_id: str, *, after: int) -> StreamViewer:
        """Return a viewer of a run of this user.

        Args:
            after: the last seq the client has received.

        Raises:
            RunNotFoundError: there is no such run, or it belongs to another user.
            RunLogExpiredError: the run has ended and its log has expired.
        """
        try:
            thread_id, active = await self._locate_run(admission.user_id, run_id)
        except ServiceError as error:
            RESUMES.labels(_ATTACH_FAILURES.get(error.status, "failed")).inc()
            raise
        RESUMES.labels("resumed" if after else "replayed").inc()
        return StreamViewer(
            viewer_id=admission.viewer_id,
            identity=admission.identity,
            run_id=run_id,
            thread_id=thread_id,
            after=after,
            active=active,
            # Only a client that resumes knows a run by its id.
            stream_format=ResumableFormat(),
            is_resumable=True,
            can_reattach=True,
            started_at=admission.started_at,
            is_attached=True,
        )

    async def cancel_run(self, user_id: str, run_id: str) -> RunStatus:
        """Request the cancellation of a run of this user; return its status at this moment.

        Raises:
            RunNotFoundError: there is no such run, or it belongs to another user.
        """
        await self._find_thread_id(user_id, run_id)
        return await self._agent.cancel_run(user_id, run_id, "user")

    async def _find_thread_id(self, user_id: str, run_id: str) -> str | None:
        """Return the thread of a user's run, or None if Redis doesn't have the run."""
        if _RUN_ID.fullmatch(run_id) is None:
            raise RunNotFoundError
        async with redis_or_503():
            meta = await self._hub.meta(run_id)
        if meta is None:
            return None
        if meta.user_id != user_id:
            raise RunNotFoundError
        return meta.thread_id

    async def _locate_run(self, user_id: str, run_id: str) -> tuple[str, bool]:
        """Return the thread of a run that can be watched, and whether Redis lost the run."""
        thread_id = await self._find_thread_id(user_id, run_id)
        if thread_id is not None:
            return thread_id, False
        run = await self._agent.get_run(user_id, run_id)
        if run.status not in ACTIVE_STATUSES:
            raise RunLogExpiredError(run_id, run.thread_id)
        return run.thread_id, True  # its worker will claim it again


def _viewer_of_accepted_run(
    admission: Admission, request: ChatRequest, run: AcceptedRun
) -> StreamViewer:
    is_simple = request.request_type is None
    stream_format: StreamFormat
    if is_simple:
        stream_format = SimpleFormat()
    elif request.is_resumable:
        stream_format = ResumableFormat()
    else:
        stream_format = PlainFormat()
    return StreamViewer(
        viewer_id=admission.viewer_id,
        identity=admission.identity,
        run_id=run.run_id,
        thread_id=run.thread_id,
        conversation_id=run.conversation_id,
        replayed=run.replayed,
        after=0,
        active=not run.replayed,
        stream_format=stream_format,
        is_resumable=request.is_resumable,
        can_reattach=request.is_resumable and not is_simple,
        started_at=admission.started_at,
    )
