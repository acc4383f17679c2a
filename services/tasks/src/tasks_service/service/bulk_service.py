"""Use case: a change of many tasks in one transaction, or its dry run."""

from http import HTTPStatus

from tasks_service.domain.bulk import BulkAction, BulkTarget
from tasks_service.service.bulk_changes import change_tasks
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.user_work import UserWork
from todochat.contracts.task_bulk import BulkOutcome


class BulkService:
    """Changes many tasks at once."""

    def __init__(self, writer: IdempotentWriter) -> None:
        self._writer = writer

    async def change(
        self, request: WriteRequest, target: BulkTarget, action: BulkAction, *, is_dry_run: bool
    ) -> Written:
        """Change the target's tasks, all in one transaction, or report what that would change.

        Raises:
            TooManyTargetsError, InvalidFilterError, ListNotFoundError, TooManyTasksError,
            ConfirmationRequiredError: see `change_tasks`.
        """

        async def change(work: UserWork) -> BulkOutcome:
            return await change_tasks(work, target, action, is_dry_run=is_dry_run)

        if is_dry_run:
            return await self._writer.preview(request, HTTPStatus.OK, change)
        return await self._writer.write(request, HTTPStatus.OK, change)
