"""`/api/{user_id}/export`: everything of a person."""

from http import HTTPStatus

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.enums import MediaType

from tasks_service.http.authentication import Caller, require_own_path
from tasks_service.http.event_stream import EventStream
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.export_service import Export, ExportService
from tasks_service.settings import TasksSettings


class ExportController(Controller):
    """Export of one person's tasks and lists."""

    path = "/api/{user_id:str}/export"
    tags = ["export"]
    guards = [require_own_path]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, Export, "Deleted ones included.", *READ_PROBLEMS))
    async def export_tasks(
        self,
        caller: NamedDependency[Caller],
        export: NamedDependency[ExportService],
        settings: NamedDependency[TasksSettings],
    ) -> EventStream:
        """Return all tasks and lists, deleted ones included, as one document, streamed.

        If it ends before its last brace, the connection was lost: ask again.
        """
        first_page = await export.first_page(caller.user_id)
        return EventStream(
            export.stream(caller.user_id, first_page),
            send_timeout_s=settings.events_send_timeout_s,
            media_type=MediaType.JSON,
        )
