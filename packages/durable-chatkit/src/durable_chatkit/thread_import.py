"""The command `import-threads`: imports threads of another ChatKit store from JSON lines.

Each line is imported in a transaction of its own, as the role of requests, bound to the line's user.
A second run finds the threads of the first and imports nothing.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.imported_thread import (
    ImportedThread,
    LineError,
    is_usable_id,
    parse_line,
)
from durable_chatkit.chatkit.rows import encode_item, encode_thread
from durable_chatkit.settings import ImportSettings
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.erasure_repository import check_account_open
from durable_chatkit.storage.import_repository import ImportRepository
from todochat.database import Database, create_engine
from todochat.database.engine import BypassingRoleError, refuse_bypassing_role
from todochat.errors import ServiceError
from todochat.ids import derived_id, is_user_id

NAME: Final = "chat-import"
MAX_LINE_BYTES: Final = 64 * 1024 * 1024
MAX_FAILURES: Final = 20
LOCK_WAIT_S: Final = 5.0
STDIN: Final = "-"


class ThreadOutcome(msgspec.Struct, frozen=True):
    """The outcome of importing one thread.

    Args:
        thread_id: its id here.
        is_new: False if it had been imported before.
        missing_files: attachments of its messages that don't exist here.
    """

    thread_id: str
    is_new: bool
    missing_files: list[str] = []


class ThreadImporter:
    """Imports threads, one transaction each.

    Args:
        agent: owner of the imported threads.
        dry_run: roll each transaction back.
    """

    def __init__(self, db: Database, agent: str, *, dry_run: bool) -> None:
        self._db = db
        self._agent = agent
        self._dry_run = dry_run

    async def import_thread(self, imported: ImportedThread) -> ThreadOutcome:
        """Import a thread, unless an earlier import did.

        Raises:
            AccountLockedError: the user's account is being or was erased.
        """
        source_id = imported.thread.id
        # The same in each import, so that a later one finds the thread.
        new_id = derived_id("thr", "import", imported.user_id, self._agent, source_id)
        candidates = [source_id, new_id] if is_usable_id(source_id) else [new_id]
        async with self._db.transaction(imported.user_id) as session:
            acceptance = AcceptanceRepository(session, imported.user_id)
            await acceptance.lock_user(LOCK_WAIT_S)
            await check_account_open(session)
            repository = ImportRepository(session, imported.user_id, self._agent)
            for thread_id in candidates:
                if await repository.has_thread(thread_id):
                    return ThreadOutcome(thread_id, is_new=False)
            for thread_id in candidates:
                thread = imported.thread.model_copy(update={"id": thread_id})
                if await repository.insert_thread(encode_thread(thread)) is not None:
                    break
            else:
                msg = f"thread.id: {source_id!r} and {new_id!r} are taken"
                raise LineError(msg)
            files = imported.attachment_ids
            bound = await acceptance.bind_attachments(thread_id, files)
            context = RequestContext(user_id=imported.user_id, ids=IdScope(thread_id))
            for item in imported.items:
                item.thread_id = thread_id
            await repository.insert_items(
                [encode_item(thread_id, item, context) for item in imported.items]
            )
            if self._dry_run:
                await session.rollback()
        missing = [file for file in files if file not in bound]
        return ThreadOutcome(thread_id, is_new=True, missing_files=missing)


@dataclass
class ImportReport:
    """Counts the lines of an import and prints what a reader has to know."""

    is_dry_run: bool
    threads: int = 0
    items: int = 0
    present: int = 0
    failures: int = 0

    def add(self, number: int, imported: ImportedThread, outcome: ThreadOutcome) -> None:
        """Count a thread; print its changed ids and missing attachments."""
        if not outcome.is_new:
            self.present += 1
            return
        self.threads += 1
        self.items += len(imported.items)
        source_id = imported.thread.id
        if outcome.thread_id != source_id:
            _print(f"line {number}: thread {source_id!r} is {outcome.thread_id} here")
        for old_id, new_id in imported.new_item_ids:
            _print(f"line {number}: item {old_id!r} of {outcome.thread_id} is {new_id} here")
        for file_id in outcome.missing_files:
            _print(
                f"line {number}: attachment {file_id!r} of {outcome.thread_id} doesn't exist here"
            )

    def fail(self, number: int, reason: str) -> None:
        """Count and print a line that wasn't imported."""
        self.failures += 1
        sys.stderr.write(f"line {number}: {reason}\n")

    def summary(self) -> str:
        """Return the last line of the report."""
        done = "would be imported" if self.is_dry_run else "imported"
        return (
            f"{done}: {self.threads} threads with {self.items} items;"
            f" already here: {self.present}; failed: {self.failures}"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("file", help=f"JSON lines, one thread each; {STDIN} reads standard input")
    owner = parser.add_mutually_exclusive_group()
    owner.add_argument("--user", metavar="ID", type=_user_id, help="owner of all threads")
    owner.add_argument(
        "--user-key",
        metavar="FIELD",
        default="user_id",
        help="field of a line with its owner, for example thread.metadata.user (default: user_id)",
    )
    parser.add_argument(
        "--timezone",
        metavar="ZONE",
        type=_timezone,
        default=ZoneInfo("UTC"),
        help="zone of times without one, for example Europe/Berlin (default: UTC)",
    )
    parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")


def import_file(settings: ImportSettings, options: argparse.Namespace) -> int:
    """Import a file and return the exit code: 1 if a line failed."""
    try:
        with (
            nullcontext(sys.stdin.buffer)
            if options.file == STDIN
            else Path(options.file).open("rb") as file
        ):
            return asyncio.run(_import_lines(settings, options, file))
    except BypassingRoleError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"can't read {options.file}: {error.strerror or error}\n")
    return 1


async def _import_lines(
    settings: ImportSettings, options: argparse.Namespace, file: BinaryIO
) -> int:
    engine = create_engine(settings.database_url, application_name=NAME, pool_size=1)
    database = Database(engine)
    report = ImportReport(is_dry_run=options.dry_run)
    importer = ThreadImporter(database, settings.agent_name, dry_run=options.dry_run)
    try:
        try:
            await refuse_bypassing_role(engine)
            for number, line in read_lines(file):
                if isinstance(line, LineError):
                    report.fail(number, str(line))
                else:
                    await _import_line(importer, report, number, line, options)
                if report.failures >= MAX_FAILURES:
                    sys.stderr.write(f"stopped after {MAX_FAILURES} failures\n")
                    break
        except (SQLAlchemyError, OSError) as error:  # of the database or the file
            sys.stderr.write(f"the import stopped: {error}; run it again\n")
            report.failures += 1
    finally:
        await database.aclose()
    _print(report.summary())
    return 1 if report.failures else 0


async def _import_line(
    importer: ThreadImporter,
    report: ImportReport,
    number: int,
    line: bytes,
    options: argparse.Namespace,
) -> None:
    try:
        imported = parse_line(
            line, user_id=options.user, user_key=options.user_key, timezone=options.timezone
        )
        outcome = await importer.import_thread(imported)
    except LineError as error:
        report.fail(number, str(error))
    except ServiceError as error:
        report.fail(number, error.detail)
    else:
        report.add(number, imported, outcome)


def read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | LineError]]:
    """Yield the number and content of each line that isn't blank, or the reason to skip it.

    One line is in memory at a time, and never more than MAX_LINE_BYTES of it.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) <= MAX_LINE_BYTES:
            if line.strip():
                yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES)
        yield number, LineError(f"longer than {MAX_LINE_BYTES // 1024**2} MiB")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _user_id(text: str) -> str:
    if not is_user_id(text):
        msg = "not a user ID"
        raise argparse.ArgumentTypeError(msg)
    return text


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        msg = f"unknown time zone {name!r}"
        raise argparse.ArgumentTypeError(msg) from None
