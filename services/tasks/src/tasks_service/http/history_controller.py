"""`/api/{user_id}/changes`, `/tasks/{task}/history` and `/lists/{list}/history`."""

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from tasks_service.domain.change import Actor
from tasks_service.domain.grouping import GROUP_PATTERN, ChangeFilter
from tasks_service.domain.limits import DEFAULT_PAGE_SIZE, MAX_CHANGE_ID
from tasks_service.domain.text import invalid
from tasks_service.http.list_controller import ListId
from tasks_service.http.paging import PageLimit
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER, TaskRef
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.services import Services
from todochat.contracts.task_history import ChangePage

_NAMES: Final = frozenset({"actor", "run_id", "group_id", "request_id", "limit", "cursor"})
_PAGE: Final = documented(
    HTTPStatus.OK, ChangePage, "A page of changes, newest first.", *READ_PROBLEMS
)
_PAGE_OF_ONE: Final = documented(
    HTTPStatus.OK, ChangePage, "A page of changes, newest first.", *READ_PROBLEMS, 404
)


class HistoryQuery(msgspec.Struct, frozen=True):
    """A validated query of the history."""

    filters: ChangeFilter
    before: int | None
    limit: int


def provide_history_query(
    request: Request[Any, Any, Any],
    actor: Annotated[
        Actor | None, QueryParameter(description="Only changes by this actor.")
    ] = None,
    run_id: Annotated[
        str | None,
        QueryParameter(pattern=f"^{GROUP_PATTERN}$", description="Only changes of this run."),
    ] = None,
    group_id: Annotated[
        str | None,
        QueryParameter(pattern=f"^{GROUP_PATTERN}$", description="Only changes of this chat turn."),
    ] = None,
    request_id: Annotated[
        str | None,
        QueryParameter(pattern=f"^{GROUP_PATTERN}$", description="Only changes of this request."),
    ] = None,
    limit: PageLimit = DEFAULT_PAGE_SIZE,
    cursor: Annotated[
        str | None,
        QueryParameter(pattern=r"^[0-9]{1,16}$", description="`next_cursor` of the previous page."),
    ] = None,
) -> HistoryQuery:
    """Parse the query of a history.

    Raises:
        InvalidInputError: a value is invalid, or a parameter is unknown.
    """
    for name in request.query_params:
        if name not in _NAMES:
            raise invalid(name, "is not a parameter of this route")
    before = None if cursor is None else min(int(cursor), MAX_CHANGE_ID)
    filters = ChangeFilter(actor=actor, run_id=run_id, group_id=group_id, request_id=request_id)
    return HistoryQuery(filters, before, limit)


class HistoryController(Controller):
    """The history of one user."""

    tags = ["changes"]
    security = BEARER

    @get("/changes", responses=_PAGE)
    async def list_changes(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        history: NamedDependency[HistoryQuery],
        services: NamedDependency[Services],
    ) -> ChangePage:
        """Return a page of all changes."""
        return await services.history.page(
            caller.user_id, history.filters, before=history.before, limit=history.limit
        )

    @get("/tasks/{task_ref:str}/history", responses=_PAGE_OF_ONE)
    async def list_task_changes(
        self,
        task_ref: TaskRef,
        caller: NamedDependency[AuthenticatedCaller],
        history: NamedDependency[HistoryQuery],
        services: NamedDependency[Services],
    ) -> ChangePage:
        """Return a page of a task's changes; the task may be deleted."""
        return await services.history.page(
            caller.user_id,
            history.filters,
            task_ref=task_ref,
            before=history.before,
            limit=history.limit,
        )

    @get("/lists/{list_id:str}/history", responses=_PAGE_OF_ONE)
    async def list_list_changes(
        self,
        list_id: ListId,
        caller: NamedDependency[AuthenticatedCaller],
        history: NamedDependency[HistoryQuery],
        services: NamedDependency[Services],
    ) -> ChangePage:
        """Return a page of the changes of a list and of the tasks in it; it may be deleted."""
        return await services.history.page(
            caller.user_id,
            history.filters,
            list_id=list_id,
            before=history.before,
            limit=history.limit,
        )
