"""Looking for what somebody mentions."""

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
    """One person's open tasks and lists by title, in one transaction.

    Args:
        words: what was typed, folded by `match_key`; none finds what was changed last.
    """

    def __init__(self, session: AsyncSession, user_id: str, words: tuple[str, ...]) -> None:
        self._session = session
        self._user_id = user_id
        self._words = words

    async def tasks(self, limit: int) -> list[RankedEntity]:
        """Return the open tasks whose titles fit best; also the one with the number typed."""
        number = _number(self._words)
        fits = and_(*self._contain(TaskRecord.title_key))
        rank = self._rank(TaskRecord.title_key)
        if number is not None:
            fits = or_(fits, TaskRecord.number == number)
            rank = case((TaskRecord.number == number, literal(EXACT)), else_=rank)
        rows = await self._session.execute(
            select(TaskRecord, rank)
            .where(
                TaskRecord.user_id == self._user_id,
                TaskRecord.deleted_at.is_(None),
                TaskRecord.completed_at.is_(None),
                fits,
            )
            .order_by(rank, TaskRecord.updated_at.desc(), TaskRecord.id)
            .limit(limit)
        )
        return [RankedEntity(_of_task(task), rank, task.updated_at) for task, rank in rows]

    async def lists(self, limit: int) -> list[RankedEntity]:
        """Return the lists whose names fit best."""
        rank = self._rank(ListRecord.name_key)
        rows = await self._session.execute(
            select(ListRecord, rank)
            .where(
                ListRecord.user_id == self._user_id,
                ListRecord.deleted_at.is_(None),
                *self._contain(ListRecord.name_key),
            )
            .order_by(rank, ListRecord.updated_at.desc(), ListRecord.id)
            .limit(limit)
        )
        return [RankedEntity(_of_list(each), rank, each.updated_at) for each, rank in rows]

    def _contain(self, column: Any) -> list[ColumnElement[bool]]:
        # `true` keeps the condition one for no words, too.
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


def _number(words: tuple[str, ...]) -> int | None:
    """Return the task number that was typed, as 12 or #12."""
    if len(words) != 1:
        return None
    digits = words[0].removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(MAX_TASK_NUMBER)):
        return None
    return int(digits) if int(digits) <= MAX_TASK_NUMBER else None


def _of_task(task: TaskRecord) -> Entity:
    data = {
        "type": "task",
        "number": str(task.number),
        "list_id": task.list_id,
        "priority": PRIORITIES[task.priority],
    }
    if task.due_on is not None:
        data["due"] = task.due_on.isoformat()
    return Entity(
        id=task.id, title=task.title, group="Tasks", icon="check", interactive=True, data=data
    )


def _of_list(task_list: ListRecord) -> Entity:
    return Entity(
        id=task_list.id,
        title=task_list.name,
        group="Lists",
        icon="notebook",
        interactive=True,
        data={"type": "list"},
    )
