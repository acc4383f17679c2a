"""Use case: imports a file, or reports what that would do."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec

from tasks_service.domain.due import check_timezone
from tasks_service.domain.limits import MAX_IMPORT_PART
from tasks_service.domain.task_list import clean_list_name
from tasks_service.errors import SlowFileError
from tasks_service.formats.file_content import FileContent, FileFormat, FileTask, ImportOptions
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.import_changes import split_tasks, write_content
from tasks_service.service.import_report import ImportReport
from tasks_service.service.user_work import UserWork
from todochat.clock import utc_now
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.ids import derived_id, new_id

MAX_OPEN: Final = 1  # imports of one user in one process; each holds a file in memory
WRITING_LIMIT_S: Final = 120.0  # of all parts, with the waits for the user's lock


class ImportService:
    """Imports files. The changes of an import are one request, which one undo reverts."""

    def __init__(self, writer: IdempotentWriter) -> None:
        self._writer = writer
        self._open = ConcurrencyLimit(MAX_OPEN, "imports")

    async def run(
        self,
        request: WriteRequest,
        data: bytes,
        *,
        file_format: FileFormat | None,
        timezone: str,
        list_name: str | None,
        is_dry_run: bool,
    ) -> Written:
        """Import a file, as the actor `import`; or only report what that would do.

        Args:
            file_format: None recognizes it.
            timezone: of local times in the file.
            list_name: list of the tasks for which the file names none; None is the default list.

        Raises:
            InvalidInputError: there is no such time zone, or the list's name is invalid.
            UnknownFormatError, UnreadableFileError, FileTooLargeError, SlowFileError: see
                `read_content`.
            TooManyListsError, TooManyTasksError: see `ContentWriter.write`.
            TooManyRequestsError: another import of the user is in progress.
        """
        check_timezone(timezone, pointer="timezone")
        options = ImportOptions(
            format=file_format,
            timezone=timezone,
            list_name=None if list_name is None else clean_list_name(list_name),
            now=utc_now(),
        )
        request = msgspec.structs.replace(request, actor="import")
        with self._open.hold(request.user_id):
            content = await asyncio.to_thread(read_content, data, options)
            try:
                async with asyncio.timeout(WRITING_LIMIT_S):
                    if is_dry_run:
                        return await self._writer.preview(
                            request,
                            HTTPStatus.OK,
                            lambda work: preview_content(work, content, options),
                        )
                    return await self._write(request, content, options)
            except TimeoutError as error:
                raise SlowFileError from error

    async def _write(
        self, request: WriteRequest, content: FileContent, options: ImportOptions
    ) -> Written:
        """Write a file in parts of 500 tasks, all with the same request ID.

        Each part is a transaction. An import that is interrupted is completed by repeating it; under
        the same idempotency key it keeps its request ID. The last part stores the response.
        """
        report: ImportReport | None = None
        key = request.idempotency_key
        request_id = (
            new_id("req")
            if key is None
            else derived_id("req", request.user_id, key, request.fingerprint)
        )

        async def change(tasks: list[FileTask], work: UserWork) -> ImportReport:
            nonlocal report
            work.request_id = request_id
            part = await write_content(
                work,
                content,
                tasks,
                is_first=report is None,
                list_name=options.list_name,
                is_dry_run=False,
            )
            if report is None:
                report = part
            else:
                report.add_part(part)
            return report

        *parts, last = split_tasks(content.tasks, MAX_IMPORT_PART)
        if parts and (replay := await self._writer.find_response(request)) is not None:
            return replay
        without_key = msgspec.structs.replace(request, idempotency_key=None)
        for tasks in parts:
            await self._writer.write(without_key, HTTPStatus.OK, partial(change, tasks))
        return await self._writer.write(request, HTTPStatus.OK, partial(change, last))


def read_content(data: bytes, options: ImportOptions) -> FileContent:
    """Read a file; see `tasks_service.formats.reading.read_file`.

    Raises:
        UnknownFormatError, UnreadableFileError, FileTooLargeError, SlowFileError: see `read_file`.
    """
    # The parsers take 70 ms and 3 MB, which a process without imports doesn't need.
    from tasks_service.formats.reading import read_file  # noqa: PLC0415

    return read_file(data, options)


async def preview_content(
    work: UserWork, content: FileContent, options: ImportOptions
) -> ImportReport:
    """Return the report of an import that is rolled back."""
    return await write_content(
        work,
        content,
        content.tasks,
        is_first=True,
        list_name=options.list_name,
        is_dry_run=True,
    )
