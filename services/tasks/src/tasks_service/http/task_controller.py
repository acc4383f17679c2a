"""`/api/{user_id}/tasks`."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from litestar import Controller, Response, delete, get, patch, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import PathParameter, RequestBody

from tasks_service.domain.task import TaskDraft, clean_changes
from tasks_service.http.authentication import Caller
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import CreateTask, UpdateTask
from tasks_service.http.task_listing import TaskListing
from tasks_service.http.write_request import answer
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.task_service import TaskService
from todochat.contracts.task_changes import TaskChanges
from todochat.contracts.tasks import Task, TaskPage

BEARER: Final = [{"bearer": list[str]()}]

TaskRef = Annotated[str, PathParameter(description="A task's id, or its number.")]

_CHANGED: Final = documented(HTTPStatus.OK, Task, "The task as it is now.", *WRITE_PROBLEMS, 404)


class TaskController(Controller):
    """Tasks of one person."""

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
        caller: NamedDependency[Caller],
        listing: NamedDependency[TaskListing],
        task_service: NamedDependency[TaskService],
    ) -> TaskPage:
        """List tasks, a page at a time."""
        return await task_service.page(
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
        task_service: NamedDependency[TaskService],
    ) -> Response[Any]:
        """Create a task; it gets the person's next number."""
        draft = TaskDraft.clean(
            title=data.title,
            notes=data.notes,
            list_id=data.list_id,
            priority=data.priority,
            due=data.due,
            tags=data.tags,
        )
        return answer(await task_service.create(write, draft))

    @get(
        "/{task_ref:str}",
        responses=documented(
            HTTPStatus.OK, Task, "The task.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def get_task(
        self,
        task_ref: TaskRef,
        caller: NamedDependency[Caller],
        task_service: NamedDependency[TaskService],
    ) -> Task:
        """Get one task."""
        return await task_service.get(caller.user_id, task_ref)

    @patch("/{task_ref:str}", responses=_CHANGED)
    async def update_task(
        self,
        task_ref: TaskRef,
        data: RequestBody[UpdateTask],
        write: NamedDependency[WriteRequest],
        task_service: NamedDependency[TaskService],
    ) -> Response[Any]:
        """Change the fields that the body has."""
        changes = clean_changes(
            title=data.title,
            notes=data.notes,
            list_id=data.list_id,
            priority=data.priority,
            due=data.due,
            tags=data.tags,
            completed=data.completed,
        )
        return answer(await task_service.update(write, task_ref, changes))

    @delete(
        "/{task_ref:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "It is deleted.", *WRITE_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def delete_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        task_service: NamedDependency[TaskService],
    ) -> Response[None]:
        """Delete a task; it can be restored for 30 days."""
        return answer(await task_service.delete(write, task_ref))

    @post("/{task_ref:str}/restore", status_code=HTTPStatus.OK, responses=_CHANGED)
    async def restore_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        task_service: NamedDependency[TaskService],
    ) -> Response[Any]:
        """Bring a deleted task back."""
        return answer(await task_service.restore(write, task_ref))

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
        task_service: NamedDependency[TaskService],
    ) -> Response[Any]:
        """Complete a task; one that is completed stays so."""
        return answer(await task_service.update(write, task_ref, TaskChanges(is_completed=True)))

    @post("/{task_ref:str}/reopen", status_code=HTTPStatus.OK, responses=_CHANGED)
    async def reopen_task(
        self,
        task_ref: TaskRef,
        write: NamedDependency[WriteRequest],
        task_service: NamedDependency[TaskService],
    ) -> Response[Any]:
        """Open a completed task again; one that is open stays so."""
        return answer(await task_service.update(write, task_ref, TaskChanges(is_completed=False)))
