"""The card with a plan of a day: the question, and the accepted plan."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from task_tools.answering import plural
from todo_agent.action_payloads import CONFIRM, DISCARD, UNDO, click
from todo_agent.cards import button, day_text
from todochat.contracts.task_changes import PendingOperation, UpdateOperation

PLAN_CARD: Final = "plan-card"
_PLANNED: Final = {"start", "duration_minutes"}


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a plan; `start` is in the user's time zone."""

    title: str
    start: datetime
    minutes: int


def planned_tasks(operations: Sequence[PendingOperation], zone: ZoneInfo) -> list[PlannedTask]:
    """Return the rows of a plan in the order of time; empty if the operations are no plan.

    A plan gives each task a start and a duration, and changes nothing else.
    """
    found = []
    for each in operations:
        operation = each.operation
        if not isinstance(operation, UpdateOperation):
            return []
        changes = operation.changes
        given = {
            field.name
            for field in msgspec.structs.fields(changes)
            if getattr(changes, field.name) not in (UNSET, None)
        }
        start, minutes = changes.start, changes.duration_minutes
        if given != _PLANNED or not isinstance(minutes, int):
            return []
        if start is UNSET or start is None or start.at is None:
            return []
        local = start.at.astimezone(zone)
        found.append(PlannedTask(title=each.title, start=local, minutes=minutes))
    return sorted(found, key=lambda each: each.start)


def plan_card(
    entries: Sequence[PlannedTask], today: date, *, pending_id: str, revision: int
) -> dict[str, Any]:
    """Return the card that proposes a plan of a day; nothing changes before Accept.

    Args:
        entries: the rows in the order of time, at least one.
    """
    accept = click(CONFIRM, pending_id=pending_id, revision=revision)
    buttons = [
        button("Cancel", click(DISCARD, pending_id=pending_id)),
        button("Accept", accept, color="primary", variant="solid"),
    ]
    return _card("Plan for", entries, today, buttons)


def accepted_plan_card(
    entries: Sequence[PlannedTask], today: date, group_id: str | None, *, note: str = ""
) -> dict[str, Any]:
    """Return the card of an accepted plan, with an undo.

    Args:
        note: a line about tasks that were skipped.
    """
    undo = [button("Undo", click(UNDO, group_id=group_id))] if group_id else []
    card = _card("Planned for", entries, today, undo)
    notes = [{"type": "Caption", "value": note}] if note else []
    return {**card, "children": [*card["children"], *notes]}


def _card(
    verb: str, entries: Sequence[PlannedTask], today: date, buttons: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    title = f"{verb} {day_text(entries[0].start.date(), today)}"
    rows = [
        {
            "type": "Row",
            "gap": 3,
            "align": "start",
            "children": [
                {
                    "type": "Box",
                    "minWidth": 52,
                    "children": [
                        {"type": "Text", "value": f"{each.start:%H:%M}", "weight": "semibold"}
                    ],
                },
                {
                    "type": "Col",
                    "flex": 1,
                    "children": [
                        {"type": "Text", "value": each.title, "maxLines": 3},
                        {"type": "Caption", "value": duration_text(each.minutes)},
                    ],
                },
            ],
        }
        for each in entries
    ]
    total = duration_text(sum(each.minutes for each in entries))
    return {
        "type": "Card",
        "key": PLAN_CARD,
        "size": "md",
        "children": [
            {"type": "Title", "value": title, "size": "sm"},
            {"type": "Col", "gap": 2, "children": rows},
            {
                "type": "Row",
                "gap": 2,
                "align": "center",
                "children": [
                    {"type": "Caption", "value": f"{plural(len(entries), 'task')} · {total}"},
                    {"type": "Spacer"},
                    *buttons,
                ],
            },
        ],
    }


def duration_text(minutes: int) -> str:
    """Return a duration as text: "45 min", "2 h", "1 h 15 min"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)
    return " ".join(parts) or "0 min"
