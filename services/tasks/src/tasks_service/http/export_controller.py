"""`/api/{user_id}/export`: all data of one user."""

from http import HTTPStatus
from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.enums import MediaType

from tasks_service.http.authentication import RATE_COST, Caller
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.export_service import Export, ExportService
from tasks_service.settings import TasksSettings
from todochat.http.streamed_response import StreamedResponse

EXPORT_COST: Final = 60  # requests; it reads every row of the user


class ExportController(Controller):
    """Export of one person's tasks and lists."""

    path = "/export"
    tags = ["export"]
    security = BEARER

    @get(
        opt={RATE_COST: EXPORT_COST},
        responses=documented(HTTPStatus.OK, Export, "Deleted ones included.", *READ_PROBLEMS),
    )
    async def export_tasks(
        self,
        caller: NamedDependency[Caller],
        export: NamedDependency[ExportService],
        settings: NamedDependency[TasksSettings],
    ) -> StreamedResponse:
        """Return all tasks and lists, deleted ones included, as one document, streamed.

        It counts as 60 requests, and a user can read at most two at the same time. If it ends
        before its last brace, the connection was lost; request it again.
        """
        first_page = await export.first_page(caller.user_id)
        return StreamedResponse(
            export.stream(caller.user_id, first_page),
            send_timeout_s=settings.events_send_timeout_s,
            media_type=MediaType.JSON,
        )
