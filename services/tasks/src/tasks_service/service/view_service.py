"""Views, and the counts of everything that a navigation shows."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.due import local_date
from tasks_service.domain.filter_dates import FilterClock
from tasks_service.domain.filter_expression import selects_completed
from tasks_service.domain.filter_language import parse_filter
from tasks_service.domain.query import DEFAULT_ORDER, SortKey, TaskFilter, TaskOrder
from tasks_service.domain.views import VIEWS, view_expression
from tasks_service.errors import InvalidFilterError
from tasks_service.service.task_service import TaskService
from tasks_service.storage.filter_compiler import compile_filter
from tasks_service.storage.tag_repository import TagRepository
from tasks_service.storage.task_repository import TaskRepository
from tasks_service.storage.transaction import open_sql_transaction, open_transaction
from tasks_service.storage.view_repository import count_by_list, find_filters
from todochat.clock import utc_now
from todochat.contracts.task_views import DayOfTasks, ViewCounts, ViewName, ViewPage
from todochat.contracts.tasks import Task
from todochat.database import Database


class ViewService:
    """Reads the views of a user."""

    def __init__(self, database: Database, tasks: TaskService) -> None:
        self._database = database
        self._tasks = tasks

    async def page(
        self,
        user_id: str,
        view: ViewName,
        timezone: str,
        *,
        include_archived: bool,
        cursor: str | None,
        limit: int,
    ) -> ViewPage:
        """Return the page of a view after the cursor, by due date, or by the newest task.

        Raises:
            InvalidInputError: the cursor belongs to another listing, or is malformed.
        """
        sort: SortKey = "created" if view in {"no-date", "someday"} else "due"
        filters = TaskFilter(
            expression=view_expression(view),
            timezone=timezone,
            ignores_unknown_lists=True,
            include_archived=include_archived,
        )
        order = TaskOrder(sort=sort, order=DEFAULT_ORDER[sort])
        page = await self._tasks.page(user_id, filters, order, cursor=cursor, limit=limit)
        return ViewPage(items=page.items, days=_by_day(page.items), next_cursor=page.next_cursor)

    async def counts(self, user_id: str, timezone: str, *, include_archived: bool) -> ViewCounts:
        """Count the tasks of all views, lists and saved filters."""
        clock = FilterClock(utc_now(), timezone)
        async with open_sql_transaction(self._database, user_id) as transaction:
            lists = await count_by_list(transaction, user_id, today=clock.today, now=clock.now)
            saved = await find_filters(transaction, user_id)
        if any(each.has_tag_counts is False for each in lists):
            async with open_transaction(self._database, user_id) as session:
                await TagRepository(session, user_id).ensure_counts()
            return await self.counts(user_id, timezone, include_archived=include_archived)
        shown = [each for each in lists if include_archived or not each.is_archived]
        counted: dict[str, int] = {}
        if saved:
            hidden = [each.id for each in lists if each not in shown]
            async with open_transaction(self._database, user_id) as session:
                of_open, of_all = await _filter_conditions(session, user_id, saved, clock, hidden)
                tasks = TaskRepository(session, user_id)
                counted = await tasks.count_matching(of_open, only_open=True)
                counted |= await tasks.count_matching(of_all, only_open=False)
        return ViewCounts(
            views={
                view: sum(getattr(each, view.replace("-", "_")) for each in shown) for view in VIEWS
            },
            lists={each.id: each.open_tasks for each in shown},
            filters={each.id: counted.get(each.id) for each in saved},
        )


async def _filter_conditions(
    session: AsyncSession,
    user_id: str,
    saved: list[Any],
    clock: FilterClock,
    hidden_lists: list[str],
) -> tuple[dict[str, ColumnElement[bool]], dict[str, ColumnElement[bool]]]:
    """Return the conditions of saved filters on open tasks, and of those on all tasks.

    A filter that names a list that is gone, or isn't valid any more, is in neither.
    """
    of_open: dict[str, ColumnElement[bool]] = {}
    of_all: dict[str, ColumnElement[bool]] = {}
    for each in saved:
        try:
            expression = parse_filter(each.filter)
            condition = await compile_filter(
                session, user_id, expression, clock, hidden_lists=hidden_lists
            )
        except InvalidFilterError:
            continue
        target = of_all if selects_completed(expression) else of_open
        target[each.id] = condition
    return of_open, of_all


def _by_day(tasks: list[Task]) -> list[DayOfTasks]:
    dated = ((local_date(task.due), task) for task in tasks if task.due is not None)
    return [
        DayOfTasks(day=day, tasks=[task for _, task in found])
        for day, found in groupby(dated, key=itemgetter(0))
    ]
