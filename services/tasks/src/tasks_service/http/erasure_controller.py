"""`/internal/users`: the erasure of a user, for auth-session; the edge blocks this path."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, delete
from litestar.di import NamedDependency
from litestar.params import PathParameter

from tasks_service.http.problem_responses import documented
from tasks_service.http.task_controller import BEARER
from tasks_service.services import Services
from todochat.http.service_guard import require_service
from todochat.identity.service_tokens import Arrow

_PROBLEMS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)


class TaskErasureController(Controller):
    """Erasure of a user's tasks, authenticated by a service token."""

    path = "/internal/users"
    include_in_schema = False  # the OpenAPI document is public; the edge returns 404 for this path
    guards = [require_service(Arrow.AUTH_TO_TASKS)]
    security = BEARER

    @delete(
        "/{user_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "Everything of the user is deleted.", *_PROBLEMS
        ),
    )
    async def erase_user(
        self,
        user_id: Annotated[str, PathParameter(description="The deleted user's ID.")],
        services: NamedDependency[Services],
    ) -> None:
        """Delete everything of a user for good and end their feeds; safe to repeat."""
        await services.erasure.erase(user_id)
