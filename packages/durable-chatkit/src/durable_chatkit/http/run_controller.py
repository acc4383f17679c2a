"""`/internal/runs`: find, list and cancel runs."""

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody

from durable_chatkit.chatkit.paging import check_id, looks_like_id
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.services import Services
from durable_chatkit.storage.run import RunRecord
from todochat.contracts.runs import CancelRun, CancelView, RunList, RunView
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.errors import FieldError, InvalidInputError
from todochat.identity.service_tokens import ServiceIdentity

ThreadId = Annotated[str | None, QueryParameter(max_length=200)]
Status = Annotated[Literal["active"] | None, QueryParameter()]
RunId = Annotated[str, PathParameter()]


class RunController(Controller):
    """Returns and cancels runs of the service token's user; other runs are 404."""

    path = "/internal/runs"
    tags = ["runs"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS

    @get()
    async def list_runs(
        self,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
        thread_id: ThreadId = None,
        status: Status = None,
    ) -> RunList:
        """List the newest runs of a thread, or the user's active ones; at most 50."""
        if thread_id is None and status is None:
            msg = "Give `thread_id`, or `status=active`, or both."
            raise InvalidInputError(msg, errors=[FieldError("thread_id", "is missing")])
        if thread_id is not None and not looks_like_id(thread_id):
            return RunList([])
        runs = await services.chat.list_runs(thread_id, caller.user_id, active=status is not None)
        views = [run_view(run) for run in runs]
        if thread_id is None:
            return RunList(views)
        cancelled = await services.chat.list_cancelled_items(thread_id, caller.user_id)
        return RunList(views, cancelled.stopped, cancelled.interrupted)

    @get("/{run_id:str}")
    async def get_run(
        self,
        run_id: RunId,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
    ) -> RunView:
        """Return one run."""
        check_id(run_id, "run")
        run = await services.chat.find_run(run_id, caller.user_id)
        if run is None:
            raise UnknownResourceError("run")
        return run_view(run)

    @post("/{run_id:str}/cancel", status_code=202)
    async def cancel_run(
        self,
        run_id: RunId,
        data: RequestBody[CancelRun],
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
    ) -> CancelView:
        """Request cancellation; a no-op for an ended run. The run's stream reports its end."""
        check_id(run_id, "run")
        run = await services.chat.cancel_run(run_id, caller.user_id, data.reason)
        if run is None:
            raise UnknownResourceError("run")
        return CancelView(run.status)


def run_view(run: RunRecord) -> RunView:
    """Return the public fields of a run."""
    return RunView(
        run_id=run.run_id,
        thread_id=run.thread_id,
        conversation_id=run.conversation_id,
        status=run.status,
        user_id=run.user_id,
        created_at=run.created_at,
        ended_at=run.ended_at,
    )
