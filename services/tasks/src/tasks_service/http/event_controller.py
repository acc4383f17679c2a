"""`/api/{user_id}/tasks/events`: the change feed."""

from http import HTTPStatus
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from tasks_service.domain.limits import MAX_EVENT_SEQ
from tasks_service.http.authentication import Caller
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.settings import TasksSettings
from tasks_service.streams.change_feed import ChangeFeed, Reader
from todochat.errors import BadRequestError
from todochat.http.raw_response import EVENT_STREAM
from todochat.http.streamed_response import StreamedResponse

_HEADER: Final = "Last-Event-ID"

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name=_HEADER,
        description=(
            "Goes on after this id; 0 begins with the oldest change that is kept. Without it the"
            " feed begins with what comes next, and its first event says so."
        ),
    ),
]


class EventController(Controller):
    """The change feed of one person."""

    path = "/tasks/events"
    tags = ["tasks"]
    security = BEARER

    @get(
        media_type=EVENT_STREAM,
        responses={
            **documented(HTTPStatus.OK, str, "", *READ_PROBLEMS),
            HTTPStatus.OK: ResponseSpec(
                str,
                generate_examples=False,
                description=(
                    "Server-sent events; each has an id and a JSON document with a `type`."
                    " `feed.reset.v1` means: load everything again."
                ),
                media_type=EVENT_STREAM,
            ),
        },
    )
    async def watch_tasks(
        self,
        caller: NamedDependency[Caller],
        feed: NamedDependency[ChangeFeed],
        settings: NamedDependency[TasksSettings],
        last_event_id: LastEventId = None,
    ) -> StreamedResponse:
        """Follow the changes of tasks and lists.

        Comments: `: ping` in silence, `: reconnect` before the feed ends because the token has
        expired or the server goes down, `: unauthorized` after a sign-out.
        """
        after = _parse_event_id(last_event_id)
        feed.require_room(caller.user_id)
        reader = Reader(user_id=caller.user_id, sid=caller.sid, expires_at=caller.expires_at)
        return StreamedResponse(
            feed.stream(reader, after), send_timeout_s=settings.events_send_timeout_s
        )


def _parse_event_id(text: str | None) -> int | None:
    if text is None:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_EVENT_SEQ))
    if not is_number or int(text) > MAX_EVENT_SEQ:
        msg = f"{_HEADER} must be an event ID sent by this feed."
        raise BadRequestError(msg)
    return int(text)
