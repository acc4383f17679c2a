"""`/api/{user_id}/trash`: deleted tasks and lists."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from tasks_service.domain.limits import DEFAULT_PAGE_SIZE
from tasks_service.http.inbound_request import to_response
from tasks_service.http.paging import PageCursor, PageLimit
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_history import TrashPage
from todochat.contracts.tasks import Task, TaskList

ItemId = Annotated[str, PathParameter(description="The ID of a deleted task or list.")]


class TrashController(Controller):
    """The trash of one user."""

    path = "/trash"
    tags = ["trash"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, TrashPage, "A page of the trash.", *READ_PROBLEMS))
    async def list_trash(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        limit: PageLimit = DEFAULT_PAGE_SIZE,
        cursor: PageCursor = None,
    ) -> TrashPage:
        """Return a page of deleted tasks and lists, the last deleted first."""
        return await services.trash.page(caller.user_id, cursor=cursor, limit=limit)

    @post(
        "/{item_id:str}/restore",
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, Task | TaskList, "The restored task or list.", *WRITE_PROBLEMS, 404
        ),
    )
    async def restore_item(
        self,
        item_id: ItemId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Restore a task, or a list with the tasks that were deleted together with it."""
        return to_response(await services.trash.restore(write, item_id))

    @delete(
        "/{item_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "It is deleted for good.", *WRITE_PROBLEMS, 404
        ),
    )
    async def purge_item(
        self,
        item_id: ItemId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[None]:
        """Delete a deleted task or list for good; a list with its deleted tasks."""
        return to_response(await services.trash.purge(write, item_id))

    @delete(
        responses=documented(HTTPStatus.NO_CONTENT, None, "The trash is empty.", *WRITE_PROBLEMS)
    )
    async def empty_trash(
        self, write: NamedDependency[WriteRequest], services: NamedDependency[Services]
    ) -> Response[None]:
        """Delete everything in the trash for good."""
        return to_response(await services.trash.purge(write, None))
