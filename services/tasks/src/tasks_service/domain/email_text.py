"""The e-mails of this service: a reminder, and the code that confirms an address."""

import datetime as dt
import hashlib
import html
import unicodedata
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from zoneinfo import ZoneInfo

from tasks_service.domain.delivery import FiredReminder
from todochat.contracts.tasks import Due

MAX_SUBJECT_CHARS: Final = 150


def reminder_email(
    reminder: FiredReminder,
    to: str,
    sender: Address,
    *,
    public_url: str,
    timezone: str | None,
    now: dt.datetime,
) -> EmailMessage:
    """Write a reminder as plain text and HTML.

    Its Message-ID depends only on the firing, so mail programs can recognize a repeated message.

    Args:
        timezone: of times, for tasks without their own.

    Raises:
        ValueError: `to` isn't an e-mail address.
    """
    title = one_line(reminder.task.title)
    link = f"{public_url}/?task={reminder.task.id}"
    settings = f"{public_url}/?settings=reminders"
    facts = []
    if reminder.task.due is not None:
        facts.append(f"Due: {format_due(reminder.task.due, timezone)}")
    if reminder.is_late:
        facts.append(
            f"This reminder is late: it was for {format_moment(reminder.fires_at, timezone)}"
        )
    why = "You get this because you switched on reminders by e-mail."
    lines = [
        title,
        *facts,
        "",
        f"Open the task: {link}",
        "",
        "-- ",
        why,
        f"Switch them off: {settings}",
    ]
    page = "".join(
        [
            f"<h2>{html.escape(title)}</h2>",
            *(f"<p>{html.escape(fact)}</p>" for fact in facts),
            f'<p><a href="{html.escape(link)}">Open the task</a></p>',
            f'<hr><p><small>{why} <a href="{html.escape(settings)}">Switch them off</a></small></p>',
        ]
    )
    message = _message(f"Reminder: {title}", to, sender, now)
    firing = f"{reminder.id} {reminder.fires_at.isoformat()}"
    message["Message-ID"] = f"<{hashlib.sha256(firing.encode()).hexdigest()[:32]}@{sender.domain}>"
    message["List-Unsubscribe"] = f"<{settings}>"
    message.set_content("\n".join(lines))
    message.add_alternative(page, subtype="html")
    return message


def code_email(code: str, to: str, sender: Address, *, now: dt.datetime) -> EmailMessage:
    """Write the message with the code that confirms an address.

    Raises:
        ValueError: `to` isn't an e-mail address.
    """
    message = _message(f"{code} is your code for reminders by e-mail", to, sender, now)
    message.set_content(
        f"{code}\n\nEnter this code in the settings to get reminders at this address. It is valid for"
        " an hour.\nIf you didn't ask for it, ignore this message: nothing more will be sent.\n"
    )
    return message


def parse_address(address: str, name: str = "") -> Address:
    """Parse one address.

    Raises:
        ValueError: it isn't exactly one.
    """
    try:
        return Address(name, addr_spec=address)
    except (HeaderParseError, IndexError) as error:  # the library raises either
        raise ValueError("not an e-mail address") from error


def one_line(text: str) -> str:
    """Return a text without control characters and line breaks, at most 150 characters long."""
    line = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    line = " ".join(line.split())
    return line if len(line) <= MAX_SUBJECT_CHARS else line[: MAX_SUBJECT_CHARS - 1] + "…"


def format_due(due: Due, timezone: str | None) -> str:
    """Return a due date in words: `Tuesday, 1 December 2026, 17:00 (Europe/Berlin)`."""
    if due.at is not None:
        return format_moment(due.at, due.timezone or timezone)
    return _day(due.date) if due.date is not None else ""


def format_moment(moment: dt.datetime, timezone: str | None) -> str:
    """Return an instant in words, in a time zone or in UTC."""
    local = moment.astimezone(ZoneInfo(timezone or "UTC"))
    return f"{_day(local)}, {local:%H:%M} ({timezone or 'UTC'})"


def _day(day: dt.date) -> str:
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def _message(subject: str, to: str, sender: Address, now: dt.datetime) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = sender
    message["To"] = parse_address(to)
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    return message
