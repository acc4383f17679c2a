"""`/api/{user_id}/tasks`."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from litestar import Controller, Response, delete, get, patch, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import PathParameter, QueryParameter, RequestBody
from msgspec import UNSET

from tasks_service.domain.task import TaskDraft
from tasks_service.http.inbound_request import IfNoneMatch, to_entity_response, to_response
from tasks_service.http.problem_responses import (
    NOT_MODIFIED,
    READ_PROBLEMS,
    WRITE_PROBLEMS,
    documented,
)
from tasks_service.http.schemas import CreateTask, UpdateTask
from tasks_service.http.task_listing import TaskListing
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_changes import OpenSubtasks, TaskChanges
from todochat.contracts.tasks import Task, TaskPage

BEARER: Final = [{"bearer": list[str]()}]

TaskRef = Annotated[str, PathParameter(description="A task's ID or number.")]
SubtasksParameter = Annotated[
    OpenSubtasks | None,
    QueryParameter(
        description="Complete its open subtasks, too, or keep them open; by default the user's"
        " preference, which may be to get 409 `open-subtasks`."
    ),
]

_CHANGED: Final = documented(HTTPStatus.OK, Task, "The updated task.", *WRITE_PROBLEMS, 404)


class TaskController(Controller):
    """Tasks of one user."""

    path = "/tasks"
    tags = ["tasks"]
    security = BEARER

    @get(
        responses=documented(
            HTTPStatus.OK, TaskPage, "A page of tasks.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        )
    )
    async def list_tasks(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        listing: NamedDependency[TaskListing],
        services: NamedDependency[Services],
    ) -> TaskPage:
        """Return a page of tasks."""
        return await services.tasks.page(
            caller.user_id,
            listing.filters,
            listing.order,
            cursor=listing.cursor,
            limit=listing.limit,
        )

    @post(
        responses=documented(
            HTTPStatus.CREATED, Task, "The new task.", *WRITE_PROBLEMS, HTTPStatus.NOT_FOUND
        )
    )
    async def create_task(
        self,
        data: RequestBody[CreateTask],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Create a task; it gets the user's next number."""
        draft = TaskDraft.clean(
            title=data.title,
            notes=data.notes,
            list_id=data.list_id,
            priority=data.priority,
            due=data.due,
            tags=data.tags,
            section_id=data.section_id,
            parent_id=data.parent_id,
            start=data.start,
            duration_minutes=data.duration_minutes,
            pinned=data.pinned,
            repeat=data.repeat,
            reminders=data.reminders,
        )
        return to_response(await services.tasks.create(write, draft))

    @get(
        "/{task_ref:str}",
        responses=documented(HTTPStatus.OK, Task, "The task.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND)
        | NOT_MODIFIED,
    )
    async def get_task(
        self,
        task_ref: TaskRef,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        if_none_match: IfNoneMatch = None,
    ) -> Response[Any]:
        """Return one task."""
        task = await services.tasks.get(caller.user_id, task_ref)
        return to_entity_response(task, if_none_match)

    @patch("/{task_ref:str}", responses=_CHANGED)
    async def update_task(
        self,
        task_ref: TaskRef,
        data: RequestBody[UpdateTask],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Change the fields present in the body."""
        return to_response(await services.tasks.update(write, task_ref, data.to_changes()))

    @delete(
        "/{task_ref:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT,
            None,
            "The task is deleted.",
            *WRITE_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def delete_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[None]:
        """Delete a task; it can be restored for 30 days."""
        return to_response(await services.tasks.delete(write, task_ref))

    @post("/{task_ref:str}/restore", status_code=HTTPStatus.OK, responses=_CHANGED)
    async def restore_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Restore a deleted task."""
        return to_response(await services.tasks.restore(write, task_ref))

    @route(
        "/{task_ref:str}/complete",
        http_method=[HttpMethod.POST, HttpMethod.PATCH],
        status_code=HTTPStatus.OK,
        responses=_CHANGED,
    )
    async def complete_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
        subtasks: SubtasksParameter = None,
    ) -> Response[Any]:
        """Complete a task; a no-op if it is completed.

        Of a repeating task this creates the next instance, whose ID is the response's `next_id`.
        """
        choice = UNSET if subtasks is None else subtasks
        changes = TaskChanges(is_completed=True, subtasks=choice)
        return to_response(await services.tasks.update(write, task_ref, changes))

    @post("/{task_ref:str}/skip", status_code=HTTPStatus.OK, responses=_CHANGED)
    async def skip_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
        missed: Annotated[
            bool, QueryParameter(description="Also skip all dates that have passed.")
        ] = False,
    ) -> Response[Any]:
        """Move a repeating task to its next date, without completing it."""
        return to_response(await services.tasks.skip(write, task_ref, missed=missed))

    @post("/{task_ref:str}/reopen", status_code=HTTPStatus.OK, responses=_CHANGED)
    async def reopen_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Reopen a completed task; a no-op if it is open."""
        return to_response(
            await services.tasks.update(write, task_ref, TaskChanges(is_completed=False))
        )
