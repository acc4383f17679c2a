"""The tasks that a bulk change selects with a filter."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.filter_dates import FilterClock
from tasks_service.domain.filter_expression import Expression, selects_completed
from tasks_service.storage.filter_compiler import compile_filter
from tasks_service.storage.records import TaskRecord


async def find_matching(
    session: AsyncSession,
    user_id: str,
    expression: Expression,
    *,
    timezone: str,
    include_archived: bool,
    now: dt.datetime,
    limit: int,
) -> list[TaskRecord]:
    """Return at most `limit` tasks that a filter selects, by number.

    As in a listing, completed tasks are considered only if the filter compares their status.

    Raises:
        InvalidFilterError: the user has no list with a name in the filter.
    """
    matching = await compile_filter(
        session,
        user_id,
        expression,
        FilterClock(now, timezone),
        pointer="/filter",
        hidden_lists=() if include_archived else None,
    )
    conditions = [TaskRecord.user_id == user_id, TaskRecord.deleted_at.is_(None), matching]
    if not selects_completed(expression):
        conditions.append(TaskRecord.completed_at.is_(None))
    statement = select(TaskRecord).where(*conditions).order_by(TaskRecord.number).limit(limit)
    return list(await session.scalars(statement))
