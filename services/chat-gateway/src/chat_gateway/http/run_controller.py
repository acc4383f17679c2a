"""`/api/{user_id}/chat/runs`: find, attach to and cancel runs."""

import re
from typing import Annotated, Final, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter

from chat_gateway.errors import BadLastEventIdError
from chat_gateway.http.documentation import BEARER, AttachOperation
from chat_gateway.http.guards import AdmittedRequest, admit_secret, costs
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.http.schemas import ActiveRunList, ActiveRunView
from chat_gateway.services import Services
from chat_gateway.streams.admission import PLAIN_COST, STREAM_COST
from chat_gateway.streams.relay import SseResponse
from todochat.contracts.runs import CancelView
from todochat.http.openapi import problems

_SEQ: Final = re.compile(r"[0-9]{1,15}")


class PublicRunController(Controller):
    """Runs of one user."""

    path = "/api/{user_id:str}/chat/runs"
    tags = ["runs"]
    guards = [admit_secret]
    opt = costs(PLAIN_COST)
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(responses=problems(400, 401, 403, 422, 429, 503))
    async def find_runs(
        self,
        request: AdmittedRequest,
        services: NamedDependency[Services],
        thread_id: Annotated[
            str, QueryParameter(min_length=1, max_length=128, description="The thread to search.")
        ],
        status: Annotated[  # noqa: ARG002 - its only value is documentation
            Literal["active"], QueryParameter(description="Only runs that have not ended.")
        ] = "active",
    ) -> ActiveRunList:
        """Find the active runs of a thread, for example after a reload."""
        found = await services.agents[None].find_active_runs(request.auth.user_id, thread_id)
        return ActiveRunList(
            [ActiveRunView(r.run_id, r.thread_id, r.status, r.created_at) for r in found.items],
            found.stopped_after,
            found.interrupted_after,
        )

    @get(
        "/{run_id:str}/events",
        opt=costs(STREAM_COST),
        operation_class=AttachOperation,
        responses=problems(400, 401, 403, 404, 410, 429, 503),
    )
    async def attach(
        self,
        request: AdmittedRequest,
        run_id: FromPath[str],
        services: NamedDependency[Services],
        last_event_id: Annotated[
            str | None,
            HeaderParameter(name="Last-Event-ID", description="ID of the last event received."),
        ] = None,
    ) -> SseResponse:
        """Watch a run: the events after Last-Event-ID, first from the log, then live.

        The stream always has `id:` lines and the end marker; `X-Resumable` is not needed.
        """
        async with services.admission.releasing_stream_slot(request.auth):
            if last_event_id is not None and _SEQ.fullmatch(last_event_id) is None:
                raise BadLastEventIdError("Last-Event-ID must be an event ID sent by this run.")
            viewer = await services.runs.attach_to_run(
                request.auth, run_id, after=int(last_event_id or 0)
            )
            request.auth.hand_over_stream_slot()
            return SseResponse(viewer, services.relay)

    @post(
        "/{run_id:str}/cancel",
        status_code=202,
        responses=problems(401, 403, 404, 429, 503),
    )
    async def cancel(
        self,
        request: AdmittedRequest,
        run_id: FromPath[str],
        services: NamedDependency[Services],
    ) -> CancelView:
        """Cancel a run. Text already sent is kept; on an ended run this is a no-op."""
        return CancelView(await services.runs.cancel_run(request.auth.user_id, run_id))
