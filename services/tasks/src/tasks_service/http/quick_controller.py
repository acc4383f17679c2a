"""`/api/{user_id}/tasks/quick`: one line as one task."""

from http import HTTPStatus
from typing import Any

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import QuickAdd, ReadQuickAdd
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.quick_add_service import QuickAdded, UnderstoodTask
from tasks_service.services import Services


class QuickAddController(Controller):
    """Quick add of one user."""

    path = "/tasks/quick"
    tags = ["tasks"]
    security = BEARER

    @post(
        responses=documented(
            HTTPStatus.CREATED,
            QuickAdded,
            "The new task, and what was understood.",
            *WRITE_PROBLEMS,
        )
    )
    async def quick_add(
        self,
        data: RequestBody[QuickAdd],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Create a task from one line; a list of a new name is created, too."""
        return to_response(
            await services.quick_add.add_task(
                write, data.text, timezone=data.timezone, locale=data.locale
            )
        )

    @post(
        "/read",
        status_code=HTTPStatus.OK,
        responses=documented(HTTPStatus.OK, UnderstoodTask, "What the line means.", *READ_PROBLEMS),
    )
    async def read_line(
        self,
        data: RequestBody[ReadQuickAdd],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> UnderstoodTask:
        """Return what one line means, without creating anything: to mark it while it is typed."""
        return await services.quick_add.read(
            caller.user_id, data.text, timezone=data.timezone, locale=data.locale
        )
