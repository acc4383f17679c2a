"""`/api/{user_id}/reminders/email`."""

from http import HTTPStatus

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from tasks_service.http.device_controller import require_user
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.schemas import ConfirmReminderEmail, SwitchReminderEmail
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.reminder_email_service import ReminderEmail
from tasks_service.services import Services

CHANGE_PROBLEMS = (*READ_PROBLEMS, 409, 413)


class ReminderEmailController(Controller):
    """The switch of reminders by e-mail."""

    path = "/reminders/email"
    tags = ["reminders"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, ReminderEmail, "The preference.", *READ_PROBLEMS))
    async def get_reminder_email(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> ReminderEmail:
        """Return whether the user gets reminders by e-mail."""
        require_user(caller)
        return await services.reminder_emails.get(caller.user_id)

    @patch(responses=documented(HTTPStatus.OK, ReminderEmail, "The preference.", *CHANGE_PROBLEMS))
    async def switch_reminder_email(
        self,
        data: RequestBody[SwitchReminderEmail],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> ReminderEmail:
        """Switch them on or off; an address that isn't confirmed is sent a code first."""
        require_user(caller)
        return await services.reminder_emails.switch(caller.user_id, is_on=data.on)

    @post(
        "/confirm",
        status_code=HTTPStatus.OK,
        responses=documented(HTTPStatus.OK, ReminderEmail, "They are on.", *CHANGE_PROBLEMS),
    )
    async def confirm_reminder_email(
        self,
        data: RequestBody[ConfirmReminderEmail],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> ReminderEmail:
        """Switch them on with the code that was sent to the address."""
        require_user(caller)
        return await services.reminder_emails.confirm(caller.user_id, data.code)
