"""`/api/{user_id}/changes`: undo, and changes that await the user's confirmation."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody

from tasks_service.domain.grouping import GROUP_PATTERN, ChangeTarget
from tasks_service.domain.limits import MAX_CHANGE_ID
from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import (
    ConfirmChanges,
    HeldDelete,
    HeldListDeletion,
    HeldRestore,
    HeldUndo,
    HeldUpdate,
    HoldChanges,
    UndoChanges,
)
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_changes import (
    ChangeOutcome,
    DeleteListOperation,
    DeleteOperation,
    Operation,
    PendingChange,
    RestoreOperation,
    UndoOperation,
    UpdateOperation,
)

PendingId = Annotated[str, PathParameter(description="A pending change's id.")]

_DECIDED = documented(
    HTTPStatus.OK, PendingChange, "The pending change, updated.", *WRITE_PROBLEMS, 404
)


class ChangeController(Controller):
    """Undo and confirmations of one user."""

    path = "/changes"
    tags = ["changes"]
    security = BEARER

    @post(
        "/undo",
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, ChangeOutcome, "What the undo changed.", *WRITE_PROBLEMS
        ),
    )
    async def undo_changes(
        self,
        data: RequestBody[UndoChanges],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Undo changes: all of them, or none if one was changed again since.

        Undoing the request of an undo redoes its changes.
        """
        return to_response(
            await services.changes.undo(
                write, data.to_target(), scope_id=data.scope_id, task_ids=data.task_ids
            )
        )

    @post(
        "/{change_id:int}/undo",
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, ChangeOutcome, "What the undo changed.", *WRITE_PROBLEMS
        ),
    )
    async def undo_change(
        self,
        change_id: Annotated[
            int, PathParameter(ge=1, le=MAX_CHANGE_ID, description="A change's ID.")
        ],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Undo one change of one task or list."""
        return to_response(await services.changes.undo(write, ChangeTarget(change_id=change_id)))

    @post(
        "/pending",
        responses=documented(
            HTTPStatus.CREATED,
            PendingChange,
            "The pending change, with the new operations.",
            *WRITE_PROBLEMS,
            404,
        ),
    )
    async def hold_changes(
        self,
        data: RequestBody[HoldChanges],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Hold operations for the user to confirm, for 24 hours; requires `X-Change-Group`."""
        operations = [_to_operation(held) for held in data.operations]
        return to_response(await services.changes.hold(write, operations))

    @get(
        "/pending",
        responses=documented(
            HTTPStatus.OK,
            PendingChange,
            "The group's newest pending change.",
            *READ_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def find_pending(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        group: Annotated[
            str, QueryParameter(pattern=f"^{GROUP_PATTERN}$", description="The group that made it.")
        ],
    ) -> PendingChange:
        """Get the newest pending change of a group."""
        return await services.changes.find_newest_pending(caller.user_id, group)

    @get(
        "/pending/{pending_id:str}",
        responses=documented(
            HTTPStatus.OK,
            PendingChange,
            "The pending change.",
            *READ_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def get_pending(
        self,
        pending_id: PendingId,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> PendingChange:
        """Get a pending change."""
        return await services.changes.get_pending(caller.user_id, pending_id)

    @post("/pending/{pending_id:str}/confirm", status_code=HTTPStatus.OK, responses=_DECIDED)
    async def confirm_changes(
        self,
        pending_id: PendingId,
        data: RequestBody[ConfirmChanges],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Apply a pending change, once; skips tasks and lists changed since the user saw it."""
        return to_response(await services.changes.confirm(write, pending_id, data.revision))

    @post("/pending/{pending_id:str}/discard", status_code=HTTPStatus.OK, responses=_DECIDED)
    async def discard_changes(
        self,
        pending_id: PendingId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Discard a pending change."""
        return to_response(await services.changes.discard(write, pending_id))


def _to_operation(
    held: HeldUpdate | HeldDelete | HeldRestore | HeldListDeletion | HeldUndo,
) -> Operation:
    match held:
        case HeldUpdate(task_id=task_id, changes=changes):
            return UpdateOperation(task_id=task_id, changes=changes.to_changes())
        case HeldDelete(task_id=task_id):
            return DeleteOperation(task_id=task_id)
        case HeldRestore(task_id=task_id):
            return RestoreOperation(task_id=task_id)
        case HeldListDeletion(list_id=list_id, tasks=tasks):
            return DeleteListOperation(list_id=list_id, tasks=tasks)
        case HeldUndo(group_id=group_id):
            return UndoOperation(group_id=group_id)
