"""Queries on tags: those of tasks, and the stored ones, which have a colour."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.tag import tag_id
from tasks_service.domain.text import match_key
from tasks_service.storage.records import TagRecord, TaskRecord
from todochat.contracts.tasks import Color, Tag

_HAS_COUNTS: Final = text("SELECT has_tag_counts FROM user_counters WHERE user_id = :user_id")
_LOCK_COUNTS: Final = text(f"{_HAS_COUNTS.text} FOR UPDATE")
_COUNT: Final = text("""
    WITH counted AS (UPDATE user_counters SET has_tag_counts = true WHERE user_id = :user_id)
    INSERT INTO tag_counts (user_id, key, tag, list_id, open_tasks, tasks)
    SELECT user_id, pair.key, pair.tag, list_id,
           count(*) FILTER (WHERE completed_at IS NULL), count(*)
      FROM tasks CROSS JOIN unnest(tag_keys, tags) AS pair (key, tag)
     WHERE user_id = :user_id AND deleted_at IS NULL AND tag_keys <> '{}'
     GROUP BY user_id, pair.key, pair.tag, list_id
    ON CONFLICT (user_id, key, tag, list_id) DO UPDATE
       SET open_tasks = excluded.open_tasks, tasks = excluded.tasks
""")
_FORGET_COUNTS: Final = text("""
    WITH forgotten AS (
        UPDATE user_counters SET has_tag_counts = false WHERE user_id = :user_id)
    UPDATE tag_counts SET open_tasks = 0, tasks = 0 WHERE user_id = :user_id
""")
_FIND: Final = text("""
    WITH spelled AS (
        SELECT key, tag, sum(open_tasks) AS open_tasks, sum(tasks) AS tasks
          FROM tag_counts
         WHERE user_id = :user_id AND tasks > 0
           AND (CAST(:key AS text) IS NULL OR key = :key)
           AND (:include_archived OR list_id <> ALL (ARRAY(
                SELECT id FROM lists WHERE user_id = :user_id AND archived_at IS NOT NULL)))
         GROUP BY key, tag
    ), used AS (
        SELECT key, (array_agg(tag ORDER BY tasks DESC, tag))[1] AS name,
               CAST(sum(open_tasks) AS bigint) AS open_tasks, CAST(sum(tasks) AS bigint) AS tasks
          FROM spelled GROUP BY key
    ), stored AS (
        SELECT name_key AS key, name, color FROM tags
         WHERE user_id = :user_id AND deleted_at IS NULL
    ), found AS (
        SELECT coalesce(used.key, stored.key) COLLATE "C" AS key, color,
               coalesce(stored.name, used.name) AS name,
               coalesce(open_tasks, 0) AS open_tasks, coalesce(tasks, 0) AS tasks
          FROM used FULL JOIN stored ON stored.key = used.key
    )
    SELECT key, name, color, open_tasks, tasks FROM found
     WHERE key > :after AND (CAST(:key AS text) IS NULL OR key = :key)
     ORDER BY key LIMIT :limit
""")
_SET_TAGS: Final = text("""
    UPDATE tasks
       SET tags = new.tags, tag_keys = new.tag_keys, search_key = new.search_key,
           series_values = new.series_values, updated_at = :now
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new
           (id text, tags text[], tag_keys text[], search_key text, series_values jsonb)
     WHERE tasks.user_id = :user_id AND tasks.id = new.id
""")


class TaggedTask(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a task that depend on its tags."""

    id: str
    number: int
    title: str
    notes: str
    tags: list[str]
    series_values: dict[str, Any] | None


class TagRepository:
    """The tags of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id
        self._mine = TagRecord.user_id == user_id
        self._live = (TaskRecord.user_id == user_id, TaskRecord.deleted_at.is_(None))

    async def find(self, key: str) -> Tag | None:
        """Return the tag whose folded name is `key`; it counts tasks of all lists."""
        found = await self._find(key=key, after="", limit=1, include_archived=True)
        return found[0] if found else None

    async def find_page(self, *, after: str, limit: int, include_archived: bool) -> list[Tag]:
        """Return at most `limit` tags with folded names after `after`, in their order."""
        return await self._find(
            key=None, after=after, limit=limit, include_archived=include_archived
        )

    async def find_by_ids(self, ids: Collection[str]) -> dict[str, TagRecord]:
        """Return the stored tags with these IDs, including deleted ones."""
        statement = select(TagRecord).where(self._mine, TagRecord.id.in_(ids))
        return {record.id: record for record in await self._session.scalars(statement)}

    async def count_stored(self) -> int:
        """Count the stored tags."""
        statement = select(func.count()).where(self._mine, TagRecord.deleted_at.is_(None))
        return await self._session.scalar(statement) or 0

    async def add(self, record: TagRecord) -> None:
        """Store a tag."""
        self._session.add(record)
        await self._session.flush()

    async def find_task_ids(self, key: str) -> list[str]:
        """Return the IDs of the tasks with a tag."""
        found = select(TaskRecord.id).where(*self._live, TaskRecord.tag_keys.contains([key]))
        return list(await self._session.scalars(found))

    async def find_tasks(self, key: str, *, after: int, limit: int) -> list[TaggedTask]:
        """Return at most `limit` tasks with numbers above `after`, by number.

        They have a tag, or have other tags than the following instances of their series.
        """
        has_tag = TaskRecord.tag_keys.contains([key])
        is_special = TaskRecord.series_values.has_key("tags")
        columns = [TaskRecord.__table__.c[name] for name in TaggedTask.__struct_fields__]
        found = or_(has_tag, is_special)
        statement = select(*columns).where(*self._live, TaskRecord.number > after, found)
        rows = await self._session.execute(statement.order_by(TaskRecord.number).limit(limit))
        return [TaggedTask(**row) for row in rows.mappings()]

    async def set_tags(self, tasks: Sequence[TaggedTask], *, now: dt.datetime) -> None:
        """Write the tags of tasks; records that were loaded before must be loaded again."""
        rows = [
            {
                "id": task.id,
                "tags": task.tags,
                "tag_keys": [match_key(tag) for tag in task.tags],
                "search_key": match_key("\n".join([task.title, task.notes, *task.tags])),
                "series_values": task.series_values,
            }
            for task in tasks
        ]
        values = {
            "user_id": self._user_id,
            "rows": msgspec.json.encode(rows).decode(),
            "now": now,
        }
        await self._session.execute(_SET_TAGS, values)

    async def forget_counts(self) -> None:
        """Have the tags counted by the next request for them, instead of with each change.

        A transaction that changes thousands of tasks one by one would write as many versions of the
        row of a common tag, and read all of them for each.
        """
        await self._session.execute(_FORGET_COUNTS, {"user_id": self._user_id})

    async def ensure_counts(self) -> None:
        """Count the tags if they were forgotten, or are older than `tag_counts`.

        Until then the triggers leave the user out. They and this see each other's work, since every
        change of a user's tasks holds the lock on the user's counters.
        """
        user = {"user_id": self._user_id}
        for query in (_HAS_COUNTS, _LOCK_COUNTS):  # another request can count before the lock
            if await self._session.scalar(query, user) is not False:
                return
        await self._session.execute(_COUNT, user)

    async def _find(
        self, *, key: str | None, after: str, limit: int, include_archived: bool
    ) -> list[Tag]:
        await self._session.flush()
        await self.ensure_counts()
        values = {
            "user_id": self._user_id,
            "key": key,
            "after": after,
            "limit": limit,
            "include_archived": include_archived,
        }
        return [
            Tag(
                id=tag_id(row.key),
                name=row.name,
                color=msgspec.convert(row.color, Color | None),
                open_tasks=row.open_tasks,
                tasks=row.tasks,
            )
            for row in await self._session.execute(_FIND, values)
        ]


def tag_state(record: TagRecord) -> dict[str, Any]:
    """Return the mutable fields of a stored tag as JSON, as `task_changes` stores them."""
    return {
        "name": record.name,
        "color": record.color,
        "deleted_at": msgspec.to_builtins(record.deleted_at),
    }


def set_tag_state(record: TagRecord, state: Mapping[str, Any]) -> None:
    """Set fields from a `tag_state`; missing fields stay unchanged."""
    record.name = state.get("name", record.name)
    record.color = state.get("color", record.color)
    if "deleted_at" in state:
        record.deleted_at = msgspec.convert(state["deleted_at"], dt.datetime | None)
