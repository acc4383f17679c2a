"""`/api/{user_id}/changes`: undo, and changes that wait for the person's confirmation."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody

from tasks_service.domain.grouping import GROUP_PATTERN
from tasks_service.domain.task import clean_changes
from tasks_service.http.authentication import Caller
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
from tasks_service.http.write_request import answer
from tasks_service.service.change_service import ChangeService
from tasks_service.service.idempotent_writer import WriteRequest
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
    HTTPStatus.OK, PendingChange, "The pending change as it is now.", *WRITE_PROBLEMS, 404
)


class ChangeController(Controller):
    """Undo and confirmations of one person."""

    path = "/changes"
    tags = ["changes"]
    security = BEARER

    @post(
        "/undo",
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, ChangeOutcome, "What is different now.", *WRITE_PROBLEMS
        ),
    )
    async def undo_changes(
        self,
        data: RequestBody[UndoChanges],
        write: NamedDependency[WriteRequest],
        change_service: NamedDependency[ChangeService],
    ) -> Response[Any]:
        """Undo a group of changes: all of it, or nothing if something was changed again since."""
        return answer(
            await change_service.undo(
                write,
                group_id=data.group_id,
                scope_id=data.scope_id,
                task_ids=data.task_ids,
            )
        )

    @post(
        "/pending",
        responses=documented(
            HTTPStatus.CREATED, PendingChange, "What waits now.", *WRITE_PROBLEMS, 404
        ),
    )
    async def hold_changes(
        self,
        data: RequestBody[HoldChanges],
        write: NamedDependency[WriteRequest],
        change_service: NamedDependency[ChangeService],
    ) -> Response[Any]:
        """Keep operations until the person has decided, for 24 hours; needs `X-Change-Group`."""
        operations = [_operation(each) for each in data.operations]
        return answer(await change_service.hold(write, operations))

    @get(
        "/pending",
        responses=documented(
            HTTPStatus.OK, PendingChange, "The newest one.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def find_pending(
        self,
        caller: NamedDependency[Caller],
        change_service: NamedDependency[ChangeService],
        group: Annotated[
            str, QueryParameter(pattern=f"^{GROUP_PATTERN}$", description="Of this group.")
        ],
    ) -> PendingChange:
        """Get the newest pending change of a group."""
        return await change_service.pending_of(caller.user_id, group)

    @get(
        "/pending/{pending_id:str}",
        responses=documented(
            HTTPStatus.OK, PendingChange, "It.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def get_pending(
        self,
        pending_id: PendingId,
        caller: NamedDependency[Caller],
        change_service: NamedDependency[ChangeService],
    ) -> PendingChange:
        """Get a pending change."""
        return await change_service.pending(caller.user_id, pending_id)

    @post("/pending/{pending_id:str}/confirm", status_code=HTTPStatus.OK, responses=_DECIDED)
    async def confirm_changes(
        self,
        pending_id: PendingId,
        data: RequestBody[ConfirmChanges],
        write: NamedDependency[WriteRequest],
        change_service: NamedDependency[ChangeService],
    ) -> Response[Any]:
        """Carry a pending change out, once. What has changed since it was shown is left alone."""
        return answer(await change_service.confirm(write, pending_id, data.revision))

    @post("/pending/{pending_id:str}/discard", status_code=HTTPStatus.OK, responses=_DECIDED)
    async def discard_changes(
        self,
        pending_id: PendingId,
        write: NamedDependency[WriteRequest],
        change_service: NamedDependency[ChangeService],
    ) -> Response[Any]:
        """Decide that a pending change is not to happen."""
        return answer(await change_service.discard(write, pending_id))


def _operation(
    held: HeldUpdate | HeldDelete | HeldRestore | HeldListDeletion | HeldUndo,
) -> Operation:
    match held:
        case HeldUpdate(task_id=task_id, changes=data):
            changes = clean_changes(
                title=data.title,
                notes=data.notes,
                list_id=data.list_id,
                priority=data.priority,
                due=data.due,
                tags=data.tags,
                completed=data.completed,
            )
            return UpdateOperation(task_id=task_id, changes=changes)
        case HeldDelete(task_id=task_id):
            return DeleteOperation(task_id=task_id)
        case HeldRestore(task_id=task_id):
            return RestoreOperation(task_id=task_id)
        case HeldListDeletion(list_id=list_id, tasks=tasks):
            return DeleteListOperation(list_id=list_id, tasks=tasks)
        case HeldUndo(group_id=group_id):
            return UndoOperation(group_id=group_id)
