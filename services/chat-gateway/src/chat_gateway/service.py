"""What the gateway does for a verified user: submit, attach, find, cancel."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from chat_gateway.clients.agent_client import (
    ACTIVE_STATUSES,
    AgentClient,
    PlainAnswer,
)
from chat_gateway.errors import RunNotFoundError, StoreUnavailableError
from chat_gateway.metrics import RESUMES
from chat_gateway.simple_form import SimpleForm
from chat_gateway.streams.admission import Admission, AnswerKinds
from chat_gateway.streams.redis_guard import redis_or_503
from chat_gateway.streams.stream_format import PlainFormat, ResumableFormat, StreamFormat
from chat_gateway.streams.viewer import Viewer
from todochat.bus import RunHub, RunLogExpiredError
from todochat.contracts.dictation import DICTATION_TYPE, TRANSCRIPTION_TIMEOUT_S
from todochat.contracts.runs import AcceptedRun, AssistantView, RunStatus, RunView
from todochat.errors import ServiceError
from todochat.identity.tokens import Identity
from todochat.ids import new_id

# A model listens to dictation for so long; the rest is for the way there and back.
_TIMEOUTS_S: Final = {DICTATION_TYPE: TRANSCRIPTION_TIMEOUT_S + 5}
_RUN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # goes into Redis keys and a path of the api

log = structlog.get_logger(__name__)


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A chat request as it arrived.

    Attributes:
        request_type: ChatKit's `type`; None for the simple form.
        headers: those that todo-agent gets to see.
        began: `time.perf_counter()` at its arrival.
    """

    body: bytes
    request_type: str | None
    headers: Mapping[str, str]
    said_resumable: bool
    began: float


class AttachRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to watch a run that exists; `after` is the last seq the client has seen."""

    run_id: str
    after: int
    began: float


class ChatService:
    """One method per use case."""

    def __init__(self, agent: AgentClient, admission: Admission, hub: RunHub) -> None:
        self._agent = agent
        self._admission = admission
        self._hub = hub
        self._kinds = AnswerKinds()

    async def submit(self, identity: Identity, request: ChatRequest) -> PlainAnswer | Viewer:
        """Hand a request to todo-agent; return its JSON answer, or a viewer of the run it names.

        Raises:
            ServiceError: it is refused, here or there.
        """
        kind = self._kinds.expected(request.request_type)
        viewer_id = await self._admission.admit(identity, kind, opens_stream=kind == "turn")
        headers = {**request.headers, "X-Run-Id": new_id("run")}
        try:
            answer = await self._agent.submit(
                identity.user_id,
                request.body,
                headers,
                timeout_s=_TIMEOUTS_S.get(request.request_type or ""),
            )
            if isinstance(answer, AcceptedRun) and answer.replayed:
                await self._locate(identity, answer.run_id)  # its log may be gone by now
        except ServiceError:
            if kind == "turn":
                await self._give_back(identity, viewer_id, was_request=False)
            raise
        if isinstance(answer, PlainAnswer):
            self._kinds.learn(request.request_type, "request")
            if kind == "turn":
                await self._give_back(identity, viewer_id, was_request=True)
            return answer
        self._kinds.learn(request.request_type, "turn")
        return _new_viewer(identity, viewer_id, request, answer)

    async def attach(self, identity: Identity, request: AttachRequest) -> Viewer:
        """Return a viewer of a run of this user.

        Raises:
            RunNotFoundError: there is no such run, or it is somebody else's.
            RunLogExpiredError: the run has ended and its frames are gone.
        """
        viewer_id = await self._admission.admit(identity, "request", opens_stream=True)
        try:
            thread_id, active = await self._locate(identity, request.run_id)
        except ServiceError as error:
            RESUMES.labels(_RESUME_OUTCOMES.get(error.status, "failed")).inc()
            await self._give_back(identity, viewer_id, was_request=False)
            raise
        RESUMES.labels("resumed" if request.after else "replayed").inc()
        return Viewer(
            viewer_id=viewer_id,
            identity=identity,
            run_id=request.run_id,
            thread_id=thread_id,
            after=request.after,
            active=active,
            # Only a client that resumes knows a run by its id.
            stream_format=ResumableFormat(),
            is_resumable=True,
            can_resume=True,
            began=request.began,
            is_attached=True,
        )

    async def find_active_runs(self, identity: Identity, thread_id: str) -> list[RunView]:
        """Return the runs of a thread that have not ended; none for somebody else's thread."""
        await self._admission.admit(identity, "request", opens_stream=False)
        return await self._agent.find_active_runs(identity.user_id, thread_id)

    async def describe_assistant(self, identity: Identity) -> AssistantView:
        """Return who answers."""
        await self._admission.admit(identity, "request", opens_stream=False)
        return await self._agent.describe_assistant(identity.user_id)

    async def cancel(self, identity: Identity, run_id: str) -> RunStatus:
        """Ask for the end of a run of this user and return its status at this moment.

        Raises:
            RunNotFoundError: there is no such run, or it is somebody else's.
        """
        await self._admission.admit(identity, "request", opens_stream=False)
        await self._check_owner(identity, run_id)
        return await self._agent.cancel_run(identity.user_id, run_id, "user")

    async def cancel_abandoned(self, user_id: str, run_id: str) -> bool:
        """End a run that nobody watches any more; return whether it had not ended by itself."""
        return await self._agent.cancel_run(user_id, run_id, "abandoned") in ACTIVE_STATUSES

    async def _check_owner(self, identity: Identity, run_id: str) -> str | None:
        """Return the run's thread, or None if Redis knows nothing of the run."""
        if _RUN_ID.fullmatch(run_id) is None:
            raise RunNotFoundError
        async with redis_or_503():
            meta = await self._hub.meta(run_id)
        if meta is None:
            return None
        if meta.user_id != identity.user_id:
            raise RunNotFoundError
        return meta.thread_id

    async def _locate(self, identity: Identity, run_id: str) -> tuple[str, bool]:
        """Return the thread of a run that can be watched, and whether Redis has yet to know it."""
        thread_id = await self._check_owner(identity, run_id)
        if thread_id is not None:
            return thread_id, False
        run = await self._agent.get_run(identity.user_id, run_id)
        if run.status not in ACTIVE_STATUSES:
            raise RunLogExpiredError(run_id, run.thread_id)
        return run.thread_id, True  # Redis lost the run, its worker will claim it anew

    async def _give_back(self, identity: Identity, viewer_id: str, *, was_request: bool) -> None:
        """Free a stream's place; without Redis it frees itself when its lease ends."""
        try:
            await self._admission.release(identity.user_id, viewer_id, was_request=was_request)
        except StoreUnavailableError:
            log.warning("admission.release_failed", viewer_id=viewer_id)


_RESUME_OUTCOMES: Final = {404: "not-found", 410: "expired", 503: "unavailable"}


def _new_viewer(
    identity: Identity, viewer_id: str, request: ChatRequest, run: AcceptedRun
) -> Viewer:
    is_simple = request.request_type is None
    stream_format: StreamFormat
    if is_simple:
        stream_format = SimpleForm()
    elif request.said_resumable:
        stream_format = ResumableFormat()
    else:
        stream_format = PlainFormat()
    return Viewer(
        viewer_id=viewer_id,
        identity=identity,
        run_id=run.run_id,
        thread_id=run.thread_id,
        conversation_id=run.conversation_id,
        replayed=run.replayed,
        after=0,
        active=not run.replayed,
        stream_format=stream_format,
        is_resumable=request.said_resumable,
        can_resume=request.said_resumable and not is_simple,
        began=request.began,
    )
