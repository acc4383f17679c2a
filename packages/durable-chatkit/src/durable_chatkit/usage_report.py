"""The command `usage`: model usage by day and by user."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from durable_chatkit.settings import UsageSettings
from durable_chatkit.storage.usage_repository import DayUsage, UsageRepository, UserUsage
from todochat.clock import utc_now
from todochat.database import Database, create_engine

MICROS: Final = 1_000_000
NAME: Final = "chat-usage"
HEAD: Final = ("answers", "in", "cached", "out")


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """Model usage since a day.

    Args:
        since: the first UTC day included.
        users: the users with the highest usage.
    """

    since: date
    currency: str
    days: list[DayUsage]
    users: list[UserUsage]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--days", type=_days, default=7, help="number of UTC days, including today (default: 7)"
    )
    parser.add_argument("--user", metavar="ID", help="only this user")
    parser.add_argument(
        "--json", action="store_true", help="machine-readable; cost in millionths of the currency"
    )


def print_usage(settings: UsageSettings, options: argparse.Namespace) -> int:
    """Print the report and return the exit code."""
    try:
        report = asyncio.run(read_report(settings, options.days, options.user))
    except (SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"can't read the chat database: {error}\n")
        return 1
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write(format_table(report))
    return 0


async def read_report(settings: UsageSettings, days: int, user_id: str | None) -> UsageReport:
    """Read the usage of the last `days` UTC days from the database."""
    database = Database(create_engine(settings.jobs_database_url, application_name=NAME))
    since = utc_now().date() - timedelta(days=days - 1)
    usage = UsageRepository(database)
    try:
        return UsageReport(
            since=since,
            currency=settings.currency,
            days=await usage.list_days(since, user_id),
            users=await usage.list_users(since, user_id),
        )
    finally:
        await database.aclose()


def format_table(report: UsageReport) -> str:
    """Format a report as two tables."""
    if not report.days:
        return f"No model usage since {report.since} (UTC).\n"
    money = report.currency
    days = [(f"{entry.day}", entry.model, *_figures(entry)) for entry in report.days]
    users = [(entry.user_id, *_figures(entry)) for entry in report.users]
    return (
        "\n".join(
            [
                *_lines(("day (UTC)", "model", *HEAD, money), days),
                "",
                *_lines(("user", *HEAD, money), users),
            ]
        )
        + "\n"
    )


def _figures(entry: DayUsage | UserUsage) -> tuple[str, ...]:
    tokens = (entry.answers, entry.input_tokens, entry.cached_tokens, entry.output_tokens)
    return (*(f"{figure:,}" for figure in tokens), f"{entry.cost_micros / MICROS:.4f}")


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    words = len(head) - len(HEAD) - 1  # the other columns are figures, aligned right
    return [
        "  ".join(
            cell.ljust(width) if index < words else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    ]


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3660:
        msg = "must be 1 to 3660"
        raise argparse.ArgumentTypeError(msg)
    return days
