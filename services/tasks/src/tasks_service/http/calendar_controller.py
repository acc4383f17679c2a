"""`/api/{user_id}/calendar`, and the feed that calendars read without signing in."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from tasks_service.domain.calendar_feed import MEDIA_TYPE, CalendarShow
from tasks_service.domain.entity_tag import parse_entity_tags
from tasks_service.errors import CalendarNotFoundError
from tasks_service.http.inbound_request import IfNoneMatch
from tasks_service.http.problem_responses import NOT_MODIFIED, READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.calendar_service import CalendarState, NewCalendar
from tasks_service.services import Services
from todochat.errors import ForbiddenError
from todochat.http.openapi import problems
from todochat.http.streamed_response import StreamedResponse

SUFFIX = ".ics"


class CalendarController(Controller):
    """The private address of one user's calendar feed."""

    path = "/calendar"
    tags = ["calendar"]
    security = BEARER

    @get(
        responses=documented(
            HTTPStatus.OK, CalendarState, "Whether there is a feed.", *READ_PROBLEMS
        )
    )
    async def get_calendar(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> CalendarState:
        """Return whether the user has a calendar feed; its address isn't stored."""
        return await services.calendar.state(caller.user_id)

    @post(
        responses=documented(HTTPStatus.CREATED, NewCalendar, "The feed's address.", *READ_PROBLEMS)
    )
    async def create_calendar(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> NewCalendar:
        """Create the calendar feed, or give it another address; the former one stops working."""
        if caller.actor == "agent":
            raise ForbiddenError("Only the user can publish a calendar.")
        return await services.calendar.create(caller.user_id)

    @delete(
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "The address doesn't work any more.", *READ_PROBLEMS
        )
    )
    async def revoke_calendar(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> None:
        """Revoke the calendar feed's address."""
        await services.calendar.revoke(caller.user_id)


class CalendarFeedController(Controller):
    """The feed itself; its address authenticates the reader."""

    path = "/api/calendar"
    tags = ["calendar"]

    @get(
        "/{file_name:str}",
        responses={
            200: ResponseSpec(
                str,
                generate_examples=False,
                description="An iCalendar document.",
                media_type="text/calendar",
            ),
            **NOT_MODIFIED,
            **problems(400, 404, 422, 429, 503),
        },
    )
    async def read_calendar(
        self,
        file_name: Annotated[str, PathParameter(description="A feed's token and `.ics`.")],
        services: NamedDependency[Services],
        show: Annotated[
            CalendarShow,
            QueryParameter(
                description="`events`: open tasks that are due at a time; `todos`: all open tasks."
            ),
        ] = "all",
        if_none_match: IfNoneMatch = None,
    ) -> Response[Any]:
        """Stream the open tasks as an iCalendar document (RFC 5545)."""
        if not file_name.endswith(SUFFIX):
            raise CalendarNotFoundError
        feed = await services.calendar.find(file_name.removesuffix(SUFFIX), show)
        headers = {"ETag": feed.tag, "Cache-Control": "private, no-cache"}
        if if_none_match is not None and parse_entity_tags(
            "If-None-Match", if_none_match, accept_weak=True
        ).match(feed.tag):
            return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return StreamedResponse(
            services.calendar.stream(feed, show),
            send_timeout_s=services.settings.events_send_timeout_s,
            media_type=MEDIA_TYPE,
            headers=headers,
        )
