"""`/api/{user_id}/import`: files of this service and of other to-do applications."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import QueryParameter

from tasks_service.domain.due import DEFAULT_TIMEZONE
from tasks_service.domain.limits import MAX_IMPORT_BYTES
from tasks_service.formats.file_content import FileFormat
from tasks_service.http.export_controller import EXPORT_COST
from tasks_service.http.inbound_request import RATE_COST, to_response
from tasks_service.http.problem_responses import WRITE_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.import_report import ImportReport
from tasks_service.services import Services


@dataclass
class FileOperation(Operation):
    """Documents the body, which the handler reads from the request."""

    def __post_init__(self) -> None:
        """Set the body."""
        file = Schema(
            type=OpenAPIType.STRING,
            format=OpenAPIFormat.BINARY,
            description=f"The file, of at most {MAX_IMPORT_BYTES} bytes; any media type is accepted.",
        )
        media_type = OpenAPIMediaType(schema=file)
        self.request_body = RequestBody(
            content={"application/octet-stream": media_type}, required=True
        )


class ImportController(Controller):
    """Imports into one user's account."""

    path = "/import"
    tags = ["import"]
    security = BEARER
    request_max_body_size = MAX_IMPORT_BYTES

    @post(
        status_code=HTTPStatus.OK,
        opt={RATE_COST: EXPORT_COST},
        operation_class=FileOperation,
        responses=documented(
            HTTPStatus.OK, ImportReport, "What was imported, or would be.", *WRITE_PROBLEMS
        ),
    )
    async def import_file(
        self,
        request: Request[Any, Any, Any],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
        file_format: Annotated[
            FileFormat | None,
            QueryParameter(name="format", description="Recognized from the file by default."),
        ] = None,
        timezone: Annotated[
            str, QueryParameter(description="IANA time zone of local times.", max_length=64)
        ] = DEFAULT_TIMEZONE,
        list_name: Annotated[
            str | None,
            QueryParameter(
                name="list",
                description="List of tasks for which the file names none, such as those of"
                " Todoist's CSV; created if it's missing. The default list by default.",
            ),
        ] = None,
        dry_run: Annotated[
            bool, QueryParameter(description="Only report what would be imported.")
        ] = False,
    ) -> Response[Any]:
        """Import a file, which is the body of the request, in parts of up to 500 tasks.

        What was imported before isn't imported again, nor changed. One undo of the response's
        `request_id` reverts the import. Counts as 60 requests.
        """
        return to_response(
            await services.imports.run(
                write,
                await request.body(),
                file_format=file_format,
                timezone=timezone,
                list_name=list_name,
                is_dry_run=dry_run,
            )
        )
