"""Queries for the tasks and lists that a chat message can mention."""

from datetime import UTC
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.entity import (
    BEGINS,
    CONTAINS,
    EXACT,
    WORD_BEGINS,
    Entity,
    RankedEntity,
)
from tasks_service.domain.limits import MAX_TASK_NUMBER
from tasks_service.domain.task import PRIORITIES
from tasks_service.storage.records import ListRecord, TaskRecord


class EntityRepository:
    """One user's open tasks and lists, searched by title, in one transaction.

    Args:
        words: typed words, folded by `match_key`; none matches everything, newest first.
    """

    def __init__(self, session: AsyncSession, user_id: str, words: tuple[str, ...]) -> None:
        self._session = session
        self._user_id = user_id
        self._words = words

    async def find_tasks(self, limit: int) -> list[RankedEntity]:
        """Return the open tasks whose titles match best, and the one with the typed number."""
        matches = and_(*self._contains_words(TaskRecord.title_key))
        rank = self._rank(TaskRecord.title_key)
        number = self._typed_number()
        if number is not None:
            matches = or_(matches, TaskRecord.number == number)
            rank = case((TaskRecord.number == number, literal(EXACT)), else_=rank)
        rows = await self._session.execute(
            select(TaskRecord, rank, ListRecord.name)
            .join(
                ListRecord,
                and_(ListRecord.user_id == TaskRecord.user_id, ListRecord.id == TaskRecord.list_id),
            )
            .where(
                TaskRecord.user_id == self._user_id,
                TaskRecord.deleted_at.is_(None),
                TaskRecord.completed_at.is_(None),
                ListRecord.archived_at.is_(None),
                matches,
            )
            .order_by(rank, TaskRecord.updated_at.desc(), TaskRecord.id)
            .limit(limit)
        )
        entities = []
        for task, task_rank, list_name in rows:
            data = {
                "type": "task",
                "number": str(task.number),
                "list_id": task.list_id,
                "list": list_name,
                "priority": PRIORITIES[task.priority],
            }
            if task.due_on is not None:
                data["due"] = task.due_on.isoformat()
            if task.due_at is not None:
                data["due_at"] = task.due_at.astimezone(UTC).isoformat()
            entity = Entity(
                id=task.id,
                title=task.title,
                group="Tasks",
                icon="check",
                interactive=True,
                data=data,
            )
            entities.append(RankedEntity(entity, task_rank, task.updated_at))
        return entities

    async def find_lists(self, limit: int) -> list[RankedEntity]:
        """Return the lists whose names match best."""
        rank = self._rank(ListRecord.name_key)
        rows = await self._session.execute(
            select(ListRecord, rank)
            .where(
                ListRecord.user_id == self._user_id,
                ListRecord.deleted_at.is_(None),
                ListRecord.archived_at.is_(None),
                *self._contains_words(ListRecord.name_key),
            )
            .order_by(rank, ListRecord.updated_at.desc(), ListRecord.id)
            .limit(limit)
        )
        entities = []
        for task_list, list_rank in rows:
            entity = Entity(
                id=task_list.id,
                title=task_list.name,
                group="Lists",
                icon="notebook",
                interactive=True,
                data={"type": "list"},
            )
            entities.append(RankedEntity(entity, list_rank, task_list.updated_at))
        return entities

    def _contains_words(self, column: Any) -> list[ColumnElement[bool]]:
        # `true` makes this a valid condition without words.
        return [
            literal(value=True),
            *(column.contains(word, autoescape=True) for word in self._words),
        ]

    def _rank(self, column: Any) -> ColumnElement[int]:
        if not self._words:
            return literal(CONTAINS)
        text = " ".join(self._words)
        return case(
            (column == text, literal(EXACT)),
            (column.startswith(text, autoescape=True), literal(BEGINS)),
            (column.contains(f" {text}", autoescape=True), literal(WORD_BEGINS)),
            else_=literal(CONTAINS),
        )

    def _typed_number(self) -> int | None:
        """Return the task number that was typed, as 12 or #12."""
        if len(self._words) != 1:
            return None
        digits = self._words[0].removeprefix("#")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(MAX_TASK_NUMBER)):
            return None
        return int(digits) if int(digits) <= MAX_TASK_NUMBER else None
