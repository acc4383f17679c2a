"""`/api/{user_id}/lists`."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody

from tasks_service.domain.task_list import clean_list_name
from tasks_service.http.inbound_request import IfNoneMatch, to_entity_response, to_response
from tasks_service.http.problem_responses import (
    NOT_MODIFIED,
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    documented,
)
from tasks_service.http.schemas import CreateList, UpdateList
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import ListPage, TaskList

ListId = Annotated[str, PathParameter(description="A list's id.")]
TasksParameter = Annotated[
    ListedTasks,
    QueryParameter(description="Move its tasks to the default list, or delete them."),
]


class ListController(Controller):
    """Lists of one user."""

    path = "/lists"
    tags = ["lists"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, ListPage, "All lists.", *READ_PROBLEMS))
    async def list_lists(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        include_archived: Annotated[
            bool, QueryParameter(description="Also return archived lists.")
        ] = False,
    ) -> ListPage:
        """Return all lists: the default list first, then in the manual order, then by name."""
        return await services.lists.list_all(
            caller.user_id, caller.actor, include_archived=include_archived
        )

    @post(responses=documented(HTTPStatus.CREATED, TaskList, "The new list.", *WRITE_PROBLEMS))
    async def create_list(
        self,
        data: RequestBody[CreateList],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Create a list."""
        name = clean_list_name(data.name)
        return to_response(
            await services.lists.create(write, name, color=data.color, icon=data.icon)
        )

    @get(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.OK, TaskList, "The list.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        )
        | NOT_MODIFIED,
    )
    async def get_list(
        self,
        list_id: ListId,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        if_none_match: IfNoneMatch = None,
    ) -> Response[Any]:
        """Return one list."""
        task_list = await services.lists.get(caller.user_id, list_id)
        return to_entity_response(task_list, if_none_match)

    @patch(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.OK,
            TaskList,
            "The updated list.",
            *WRITE_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def update_list(
        self,
        list_id: ListId,
        data: RequestBody[UpdateList],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Change the name, the look or the place of a list, or archive it."""
        return to_response(await services.lists.update(write, list_id, data.to_changes()))

    @delete(
        "/{list_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT,
            None,
            "The list is deleted.",
            *WRITE_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def delete_list(
        self,
        list_id: ListId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
        tasks: TasksParameter = "move",
    ) -> Response[None]:
        """Delete a list. The default list can't be deleted."""
        return to_response(await services.lists.delete(write, list_id, tasks))
