"""`/api/{user_id}/chat/runs`: find, attach to and cancel runs."""

import re
import time
from typing import Annotated, Any, Final, Literal

from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter

from chat_gateway.errors import BadLastEventIdError
from chat_gateway.http.documentation import BEARER, AttachOperation
from chat_gateway.http.guards import require_own_secret
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.http.schemas import ActiveRun, ActiveRunList
from chat_gateway.http.sse_response import SseResponse
from chat_gateway.service import AttachRequest, ChatService
from chat_gateway.streams.relay import Relay
from todochat.contracts.runs import CancelView
from todochat.http.openapi import problems
from todochat.identity.tokens import Identity

_SEQ: Final = re.compile(r"[0-9]{1,15}")

OwnRequest = Request[Any, Identity, State]


class RunController(Controller):
    """Runs of one user."""

    path = "/api/{user_id:str}/chat/runs"
    tags = ["runs"]
    guards = [require_own_secret]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(responses=problems(400, 401, 403, 422, 429, 503))
    async def find_runs(
        self,
        request: OwnRequest,
        service: NamedDependency[ChatService],
        thread_id: Annotated[
            str, QueryParameter(min_length=1, max_length=128, description="The thread to look in.")
        ],
        status: Annotated[  # noqa: ARG002 - there is one value, it says what is meant
            Literal["active"], QueryParameter(description="Only runs that have not ended.")
        ] = "active",
    ) -> ActiveRunList:
        """Find what is running in a thread, for example after a reload."""
        runs = await service.find_active_runs(request.auth, thread_id)
        return ActiveRunList(
            [ActiveRun(r.run_id, r.thread_id, r.status, r.created_at) for r in runs]
        )

    @get(
        "/{run_id:str}/events",
        operation_class=AttachOperation,
        responses=problems(400, 401, 403, 404, 410, 429, 503),
    )
    async def attach(
        self,
        request: OwnRequest,
        run_id: FromPath[str],
        service: NamedDependency[ChatService],
        relay: NamedDependency[Relay],
        last_event_id: Annotated[
            str | None,
            HeaderParameter(name="Last-Event-ID", description="Number of the last event seen."),
        ] = None,
    ) -> SseResponse:
        """Watch a run: the events after Last-Event-ID, stored ones first, then live ones.

        The stream always has `id:` lines and the end marker; `X-Resumable` is not needed here.
        """
        attach = AttachRequest(
            run_id=run_id,
            after=_parse_seq(last_event_id),
            began=time.perf_counter(),
        )
        return SseResponse(await service.attach(request.auth, attach), relay)

    @post(
        "/{run_id:str}/cancel",
        status_code=202,
        responses=problems(401, 403, 404, 429, 503),
    )
    async def cancel(
        self,
        request: OwnRequest,
        run_id: FromPath[str],
        service: NamedDependency[ChatService],
    ) -> CancelView:
        """Stop a run. What was said stays; a run that has ended is left as it is."""
        return CancelView(await service.cancel(request.auth, run_id))


def _parse_seq(last_event_id: str | None) -> int:
    if last_event_id is None:
        return 0
    if _SEQ.fullmatch(last_event_id) is None:
        raise BadLastEventIdError("Last-Event-ID must be the number of an event of this run.")
    return int(last_event_id)
