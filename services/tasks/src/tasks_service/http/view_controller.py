"""`/api/{user_id}/views`: today, upcoming and other views, and the counts of all."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from tasks_service.domain.due import DEFAULT_TIMEZONE, check_timezone
from tasks_service.domain.limits import DEFAULT_PAGE_SIZE
from tasks_service.http.paging import PageCursor, PageLimit
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.services import Services
from todochat.contracts.task_views import ViewCounts, ViewName, ViewPage

ViewArchived = Annotated[
    bool, QueryParameter(description="Also include archived lists and their tasks.")
]
ViewTimezone = Annotated[
    str, QueryParameter(max_length=64, description="IANA time zone that decides which day it is.")
]


class ViewController(Controller):
    """Views of one user."""

    path = "/views"
    tags = ["views"]
    security = BEARER

    @get(
        "/counts",
        responses=documented(HTTPStatus.OK, ViewCounts, "All counts.", *READ_PROBLEMS),
    )
    async def count_views(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        timezone: ViewTimezone = DEFAULT_TIMEZONE,
        include_archived: ViewArchived = False,
    ) -> ViewCounts:
        """Count the tasks of all views, lists and saved filters."""
        check_timezone(timezone, pointer="timezone")
        return await services.views.counts(
            caller.user_id, timezone, include_archived=include_archived
        )

    @get(
        "/{view:str}",
        responses=documented(HTTPStatus.OK, ViewPage, "A page of the view.", *READ_PROBLEMS),
    )
    async def show_view(
        self,
        view: Annotated[ViewName, PathParameter(description="The view.")],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        timezone: ViewTimezone = DEFAULT_TIMEZONE,
        include_archived: ViewArchived = False,
        limit: PageLimit = DEFAULT_PAGE_SIZE,
        cursor: PageCursor = None,
    ) -> ViewPage:
        """Return the open tasks of a view.

        `today`, `upcoming` and `overdue` are sorted by due date, the others by the newest task.
        """
        check_timezone(timezone, pointer="timezone")
        return await services.views.page(
            caller.user_id,
            view,
            timezone,
            include_archived=include_archived,
            cursor=cursor,
            limit=limit,
        )
