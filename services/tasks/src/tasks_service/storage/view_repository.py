"""The counts of views and lists, in one statement that reads only indexes and counts."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import text

from tasks_service.domain.views import SOMEDAY
from todochat.database.sql_transaction import SqlTransaction

# The same conditions as in `VIEWS`. All columns of tasks are in `ix_tasks_open_counts`, so the tasks
# themselves aren't read.
_COUNT: Final = text("""
    WITH opened AS (
        SELECT list_id, count(*) AS open_tasks,
               count(*) FILTER (WHERE due_on = :today OR start_on = :today) AS today,
               count(*) FILTER (WHERE due_on > :today) AS upcoming,
               count(*) FILTER (WHERE due_deadline <= :now) AS overdue,
               count(*) FILTER (WHERE due_on IS NULL AND start_on IS NULL) AS no_date
          FROM tasks
         WHERE user_id = :user_id AND deleted_at IS NULL AND completed_at IS NULL
         GROUP BY list_id
    ), tagged AS (
        SELECT list_id, sum(open_tasks) AS open_tasks
          FROM tag_counts WHERE user_id = :user_id AND key = :someday GROUP BY list_id
    )
    SELECT lists.id, lists.archived_at IS NOT NULL AS is_archived,
           CAST(coalesce(opened.open_tasks, 0) AS bigint) AS open_tasks,
           coalesce(today, 0) AS today, coalesce(upcoming, 0) AS upcoming,
           coalesce(overdue, 0) AS overdue, coalesce(no_date, 0) AS no_date,
           CAST(CASE WHEN lists.name_key = :someday THEN coalesce(opened.open_tasks, 0)
                     ELSE coalesce(tagged.open_tasks, 0) END AS bigint) AS someday,
           (SELECT has_tag_counts FROM user_counters WHERE user_id = :user_id) AS has_tag_counts
      FROM lists
           LEFT JOIN opened ON opened.list_id = lists.id
           LEFT JOIN tagged ON tagged.list_id = lists.id
     WHERE lists.user_id = :user_id AND lists.deleted_at IS NULL
""")
_FILTERS: Final = text("""
    SELECT id, filter FROM saved_filters WHERE user_id = :user_id AND deleted_at IS NULL
     ORDER BY name_key, id
""")


async def count_by_list(
    transaction: SqlTransaction, user_id: str, *, today: dt.date, now: dt.datetime
) -> list[Any]:
    """Count the open tasks of each list, and those of them that each view shows.

    The rows have `id`, `is_archived`, `open_tasks`, a column for each view, and `has_tag_counts`:
    unless that is false, `someday` includes the tasks that have only the tag.
    """
    values = {"user_id": user_id, "today": today, "now": now, "someday": SOMEDAY}
    return (await transaction.execute(_COUNT, values)).all()


async def find_filters(transaction: SqlTransaction, user_id: str) -> list[Any]:
    """Return the ID and the text of each saved filter, by name."""
    return (await transaction.execute(_FILTERS, {"user_id": user_id})).all()
