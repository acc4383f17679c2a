"""`/api/{user_id}/preferences`."""

from http import HTTPStatus
from typing import Any

from litestar import Controller, Response, get, patch
from litestar.di import NamedDependency
from litestar.params import RequestBody

from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import UpdatePreferences
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.tasks import Preferences


class PreferencesController(Controller):
    """Preferences of one user."""

    path = "/preferences"
    tags = ["preferences"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, Preferences, "The preferences.", *READ_PROBLEMS))
    async def get_preferences(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> Preferences:
        """Return the preferences."""
        return await services.preferences.get(caller.user_id)

    @patch(
        responses=documented(
            HTTPStatus.OK, Preferences, "The updated preferences.", *WRITE_PROBLEMS
        )
    )
    async def update_preferences(
        self,
        data: RequestBody[UpdatePreferences],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Change the preferences present in the body."""
        return to_response(
            await services.preferences.update(write, complete_subtasks=data.complete_subtasks)
        )
