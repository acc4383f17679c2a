"""`/api/{user_id}/reminders`."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody

from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import SnoozeReminder
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.reminder_service import PlannedReminder, ReminderPage
from tasks_service.services import Services


class ReminderController(Controller):
    """Reminders of one user; a task's own reminders are set by changing the task."""

    path = "/reminders"
    tags = ["reminders"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, ReminderPage, "What will fire.", *READ_PROBLEMS))
    async def list_reminders(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> ReminderPage:
        """Return the reminders that will fire, the next one first."""
        return await services.reminders.list_pending(caller.user_id)

    @post(
        "/{reminder_id:str}/snooze",
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, PlannedReminder, "When it fires next.", *WRITE_PROBLEMS, 404
        ),
    )
    async def snooze_reminder(
        self,
        reminder_id: Annotated[str, PathParameter(description="A reminder's ID.")],
        data: RequestBody[SnoozeReminder],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Make a reminder fire again, or later."""
        return to_response(await services.reminders.snooze(write, reminder_id, data.minutes))
