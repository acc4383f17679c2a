"""`/api/{user_id}/tasks/bulk`."""

from http import HTTPStatus
from typing import Any

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from tasks_service.http.bulk_schemas import BulkChange
from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import WRITE_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_bulk import BulkOutcome


class BulkController(Controller):
    """Changes of many tasks of one user."""

    path = "/tasks/bulk"
    tags = ["tasks"]
    security = BEARER

    @post(
        status_code=HTTPStatus.OK,
        responses=documented(
            HTTPStatus.OK, BulkOutcome, "What was changed, or would be.", *WRITE_PROBLEMS, 404
        ),
    )
    async def change_tasks(
        self,
        data: RequestBody[BulkChange],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Change up to 1,000 tasks in one transaction, which one undo reverts."""
        return to_response(
            await services.bulk.change(
                write, data.to_target(), data.action.to_action(), is_dry_run=data.dry_run
            )
        )
