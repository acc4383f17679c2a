"""The instances of a repeating task: what follows when one is completed or skipped.

An instance is planned by the rule, in local time. Its due date differs from that plan if it alone
was moved, or if the planned time doesn't exist on that day because the clocks go forward.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from tasks_service.domain.due import DEFAULT_TIMEZONE, clean_date, deadline
from tasks_service.domain.limits import MAX_DUE_YEAR, MAX_REPEAT_COUNT
from tasks_service.domain.recurrence import (
    SHORTEST_MONTH,
    Rule,
    Weekday,
    is_integer,
    next_occurrence,
    parse_rule,
    split_rule,
)
from tasks_service.domain.text import invalid
from todochat.contracts.task_changes import AppliesTo
from todochat.contracts.tasks import Due, Repeat

MAX_MISSED: Final = 50
PLANNED: Final = "planned"  # in the series' values, beside fields of the task
MOVES_ALONE: Final = frozenset({"due", "start"})
# Fields that belong to one instance, or to the series as a whole.
NOT_INHERITED: Final = frozenset(
    {"completed_at", "deleted_at", "repeat", "series_id", "series_values", "next_id", "position"}
)
_POINTER: Final = "/repeat"
_RULE_POINTER: Final = "/repeat/rule"
_UNTIL_POINTER: Final = "/repeat/until"
_UNTIL: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T[0-9]{6}Z?)?")


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """When an instance is planned.

    Attributes:
        local: the local time; midnight for a day.
    """

    local: dt.datetime
    is_day: bool = False
    timezone: str | None = None

    @classmethod
    def of(cls, due: Due) -> "Plan":
        """Return the plan of an instance that is due when it was planned."""
        if due.at is None:
            day = due.date or dt.date.min
            return cls(dt.datetime.combine(day, dt.time.min), is_day=True, timezone=due.timezone)
        return cls(to_local(due.at, due.timezone), timezone=due.timezone)

    def due(self) -> Due:
        """Return the due date; a time that the clocks skip becomes as much later as they go forward."""
        if self.is_day:
            return Due(date=self.local.date(), timezone=self.timezone)
        at = self.local.replace(tzinfo=zoneinfo.ZoneInfo(self.timezone or DEFAULT_TIMEZONE))
        return Due(at=at.astimezone(dt.UTC), timezone=self.timezone)


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that follows another one."""

    plan: Plan
    repeat: Repeat
    start: Due | None

    @property
    def due(self) -> Due:
        """The due date, as planned."""
        return self.plan.due()


def to_local(at: dt.datetime, timezone: str | None) -> dt.datetime:
    """Return the local time of an instant, without its offset."""
    zone = zoneinfo.ZoneInfo(timezone or DEFAULT_TIMEZONE)
    return at.astimezone(zone).replace(tzinfo=None)


def clean_repeat(repeat: Repeat) -> Repeat:
    """Validate a repetition without its task; UNTIL and COUNT move out of the rule.

    Raises:
        InvalidInputError: the rule is invalid or unsupported, or it ends in two ways.
    """
    parts = split_rule(repeat.rule, pointer=_RULE_POINTER)
    until, count = repeat.until, repeat.count
    if "UNTIL" in parts:
        if until is not None:
            raise invalid(_RULE_POINTER, "UNTIL is given twice: in the rule and beside it")
        until = parse_until(parts.pop("UNTIL"))
    if "COUNT" in parts:
        if count is not None:
            raise invalid(_RULE_POINTER, "COUNT is given twice: in the rule and beside it")
        text = parts.pop("COUNT")
        count = int(text) if is_integer(text) else 0
        if not 1 <= count <= MAX_REPEAT_COUNT:
            raise invalid(_RULE_POINTER, f"COUNT must be 1 to {MAX_REPEAT_COUNT}")
    if until is not None and count is not None:
        raise invalid(_POINTER, "must end with until or with count, not both")
    if until is not None:
        clean_date(until, pointer=_UNTIL_POINTER if repeat.until else _RULE_POINTER)
    rule = parse_rule(parts, pointer=_RULE_POINTER)
    return Repeat(rule=str(rule), base=repeat.base, until=until, count=count)


def parse_until(text: str) -> dt.date:
    """Parse the day of UNTIL, which can have a time.

    Raises:
        InvalidInputError: it is malformed.
    """
    matched = _UNTIL.fullmatch(text)
    try:
        return dt.date(*map(int, matched.groups() if matched else ()))
    except (ValueError, TypeError):
        raise invalid(_RULE_POINTER, "UNTIL must be a day such as 20261231") from None


def fit_repeat(repeat: Repeat, due: Due | None) -> Repeat:
    """Check a clean repetition against the due date, from which the rule starts.

    Raises:
        InvalidInputError: there is no due date, it has no time for an hourly rule, or is after the
            series' end.
    """
    if due is None:
        raise invalid("/due", "is needed by a task that repeats")
    rule, plan = rule_of(repeat), Plan.of(due)
    if rule.frequency == "HOURLY" and plan.is_day:
        raise invalid(_RULE_POINTER, "FREQ=HOURLY needs a due date with a time")
    if repeat.until is not None and repeat.until < plan.local.date():
        raise invalid(_UNTIL_POINTER, "is before the due date")
    if repeat.base == "due" and plan.local.day > SHORTEST_MONTH:
        # The 31st must not become the 28th for good after a February.
        complete = rule.on_days_of(plan.local.date())
        if complete.month_days != rule.month_days:
            return msgspec.structs.replace(repeat, rule=str(complete))
    return repeat


def rule_of(repeat: Repeat) -> Rule:
    """Return the rule of a clean repetition."""
    return parse_rule(split_rule(repeat.rule, pointer=_RULE_POINTER), pointer=_RULE_POINTER)


def plan_of(due: Due, series_values: Mapping[str, Any] | None) -> Plan:
    """Return the plan of an instance, which may differ from its due date."""
    planned = (series_values or {}).get(PLANNED)
    return Plan.of(due) if planned is None else msgspec.convert(planned, Plan)


def following_instance(
    repeat: Repeat,
    due: Due,
    start: Due | None,
    series_values: Mapping[str, Any] | None,
    *,
    completed_at: dt.datetime | None,
    not_before: dt.datetime | None = None,
) -> Instance | None:
    """Return the instance after this one; None if the series ends.

    Args:
        completed_at: when this one was completed; None if it is skipped.
        not_before: leave out instances that are overdue at this time.
    """
    if repeat.count == 1:
        return None
    plan = plan_of(due, series_values)
    origin = plan.local
    after = max(origin, latest_local(due, plan))
    rule = rule_of(repeat)
    if repeat.base == "completion" and completed_at is not None:
        done = to_local(completed_at, plan.timezone).replace(microsecond=0)
        if rule.frequency != "HOURLY":
            done = dt.datetime.combine(done.date(), origin.time())
        origin = after = done
    if not_before is not None:
        now = to_local(not_before, plan.timezone)
        today = dt.datetime.combine(now.date(), dt.time.min)
        after = max(after, today - dt.timedelta.resolution if plan.is_day else now)
    local = next_occurrence(rule, origin, after)
    if local is None or local.year > MAX_DUE_YEAR:
        return None
    if repeat.until is not None and local.date() > repeat.until:
        return None
    count = None if repeat.count is None else repeat.count - 1
    base_start = msgspec.convert((series_values or {}).get("start", start), Due | None)
    return Instance(
        plan=msgspec.structs.replace(plan, local=local),
        repeat=msgspec.structs.replace(repeat, count=count),
        start=base_start and moved_start(base_start, plan.local, local),
    )


def instance_after_missed(
    repeat: Repeat,
    due: Due,
    start: Due | None,
    series_values: Mapping[str, Any] | None,
    *,
    now: dt.datetime,
) -> Instance | None:
    """Return the first instance after this one that isn't overdue; each one counts.

    With a count, which takes a search for each date, at most `MAX_MISSED` dates are skipped.
    """
    if repeat.count is None:
        return following_instance(
            repeat, due, start, series_values, completed_at=None, not_before=now
        )
    instance = following_instance(repeat, due, start, series_values, completed_at=None)
    for _ in range(MAX_MISSED - 1):
        if instance is None or deadline(instance.due) > now:
            break
        plan = {PLANNED: msgspec.to_builtins(instance.plan)}
        instance = following_instance(
            instance.repeat, instance.due, instance.start, plan, completed_at=None
        )
    return instance


def latest_local(due: Due, plan: Plan) -> dt.datetime:
    """Return a due date in the plan's local time; the end of the day if it has no time."""
    if due.at is not None:
        return to_local(due.at, plan.timezone if not plan.is_day else due.timezone)
    end = dt.time.min if plan.is_day else dt.time.max
    return dt.datetime.combine(Plan.of(due).local.date(), end)


def moved_start(start: Due, planned: dt.datetime, following: dt.datetime) -> Due | None:
    """Return a start as long before the following instance as it was before this one."""
    plan = Plan.of(start)
    distance = following - planned
    if plan.is_day:
        distance = dt.timedelta(days=(following.date() - planned.date()).days)
    local = plan.local + distance
    return msgspec.structs.replace(plan, local=local).due()


def changed_series_values(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    given: Collection[str],
    applies_to: AppliesTo | None,
) -> dict[str, Any] | None:
    """Return the series' values after an edit of one instance.

    A field that is changed for this instance alone keeps its former value for the following ones.

    Args:
        before: the task's state before the edit, with `series_values`.
        after: its state after it.
        given: the fields that the edit names, even if they have these values already.
        applies_to: None moves this instance alone, and changes all other fields for the following
            ones, too.
    """
    values: dict[str, Any] = dict(before["series_values"] or {})
    for name in set(before) - NOT_INHERITED:
        is_alone = applies_to == "this" or (applies_to is None and name in MOVES_ALONE)
        key, former = name, before[name]
        if name == "due" and former is not None:
            key, former = PLANNED, plan_as_json(former)
        if before[name] != after[name] and is_alone:
            values.setdefault(key, former)
        elif name in given and not is_alone:
            values.pop(key, None)
        present = after[name] and plan_as_json(after[name]) if name == "due" else after[name]
        if key in values and values[key] == present:
            del values[key]
    return values or None


def plan_as_json(due: Any) -> Any:
    """Return the plan of a due date, both as JSON."""
    return msgspec.to_builtins(Plan.of(msgspec.convert(due, Due)))


def moved_rule(repeat: Repeat, former: dt.date, moved: dt.date) -> Repeat:
    """Return a repetition on the moved day, if it names no other than the former day."""
    rule = rule_of(repeat)
    if rule.weekdays == (Weekday(former.weekday()),) and not rule.positions:
        rule = msgspec.structs.replace(rule, weekdays=(Weekday(moved.weekday()),))
    elif len(rule.month_days) == 1 and not (rule.weekdays or rule.positions):
        months = (moved.month,) if rule.months == (former.month,) else rule.months
        rule = msgspec.structs.replace(rule, months=months, month_days=(moved.day,))
    return msgspec.structs.replace(repeat, rule=str(rule))
