"""`/api/{user_id}/lists`."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody
from msgspec import UNSET

from tasks_service.domain.task_list import clean_list_name
from tasks_service.http.authentication import Caller
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import CreateList, UpdateList
from tasks_service.http.task_controller import BEARER
from tasks_service.http.write_request import answer
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.list_service import ListService
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import ListPage, TaskList

ListId = Annotated[str, PathParameter(description="A list's id.")]
TasksParameter = Annotated[
    ListedTasks,
    QueryParameter(description="What becomes of its tasks: to the default list, or deleted."),
]


class ListController(Controller):
    """Lists of one person."""

    path = "/lists"
    tags = ["lists"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, ListPage, "All lists.", *READ_PROBLEMS))
    async def list_lists(
        self,
        caller: NamedDependency[Caller],
        list_service: NamedDependency[ListService],
    ) -> ListPage:
        """List the lists, the default one first, then by name."""
        return await list_service.all(caller.user_id, caller.actor)

    @post(responses=documented(HTTPStatus.CREATED, TaskList, "The new list.", *WRITE_PROBLEMS))
    async def create_list(
        self,
        data: RequestBody[CreateList],
        write: NamedDependency[WriteRequest],
        list_service: NamedDependency[ListService],
    ) -> Response[Any]:
        """Create a list."""
        return answer(await list_service.create(write, clean_list_name(data.name)))

    @get(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.OK, TaskList, "The list.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def get_list(
        self,
        list_id: ListId,
        caller: NamedDependency[Caller],
        list_service: NamedDependency[ListService],
    ) -> TaskList:
        """Get one list."""
        return await list_service.get(caller.user_id, list_id)

    @patch(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.OK,
            TaskList,
            "The list as it is now.",
            *WRITE_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def update_list(
        self,
        list_id: ListId,
        data: RequestBody[UpdateList],
        write: NamedDependency[WriteRequest],
        list_service: NamedDependency[ListService],
    ) -> Response[Any]:
        """Rename a list."""
        name = None if data.name is UNSET else clean_list_name(data.name)
        return answer(await list_service.rename(write, list_id, name))

    @delete(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "It is deleted.", *WRITE_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def delete_list(
        self,
        list_id: ListId,
        write: NamedDependency[WriteRequest],
        list_service: NamedDependency[ListService],
        tasks: TasksParameter = "move",
    ) -> Response[None]:
        """Delete a list. The default list can't be deleted."""
        return answer(await list_service.delete(write, list_id, tasks))
