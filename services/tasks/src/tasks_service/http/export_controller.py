"""`/api/{user_id}/export`: all tasks, lists and changes of one user."""

from http import HTTPStatus
from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from tasks_service.http.inbound_request import RATE_COST
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.export_service import Export
from tasks_service.services import Services
from todochat.http.openapi import problems
from todochat.http.streamed_response import StreamedResponse

CSV: Final = "text/csv"
EXPORT_COST: Final = 60  # requests; it reads every row of the user


class TaskExportController(Controller):
    """Export of one user's tasks and lists."""

    path = "/export"
    tags = ["export"]
    security = BEARER

    @get(
        opt={RATE_COST: EXPORT_COST},
        responses=documented(
            HTTPStatus.OK, Export, "Includes deleted tasks and lists.", *READ_PROBLEMS
        ),
    )
    async def export_tasks(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> StreamedResponse:
        """Stream all tasks and lists, including deleted ones, as one JSON document.

        Counts as 60 requests; a user can have at most two exports in progress. A document without
        its closing brace is incomplete because the connection was lost; request it again.
        """
        first_page = await services.export.first_page(caller.user_id)
        return StreamedResponse(
            services.export.stream(caller.user_id, first_page),
            send_timeout_s=services.settings.events_send_timeout_s,
            media_type=MediaType.JSON,
        )

    @get(
        "/tasks.csv",
        opt={RATE_COST: EXPORT_COST},
        responses={
            200: ResponseSpec(
                str,
                generate_examples=False,
                description="A row for each task, with a header.",
                media_type=CSV,
            ),
            **problems(*READ_PROBLEMS),
        },
    )
    async def export_tasks_as_csv(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> StreamedResponse:
        """Stream the tasks, without deleted ones, as CSV; counts like the other export."""
        first_page = await services.export.first_page(caller.user_id)
        return StreamedResponse(
            services.export.stream_csv(caller.user_id, first_page),
            send_timeout_s=services.settings.events_send_timeout_s,
            media_type=CSV,
            headers={"Content-Disposition": 'attachment; filename="tasks.csv"'},
        )
