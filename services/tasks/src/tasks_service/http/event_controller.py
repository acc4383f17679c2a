"""`/api/{user_id}/tasks/events`: the change feed."""

from http import HTTPStatus
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from tasks_service.domain.limits import MAX_EVENT_SEQ
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.services import Services
from tasks_service.streams.change_feed import FeedReader
from todochat.errors import BadRequestError
from todochat.http.raw_response import EVENT_STREAM
from todochat.http.streamed_response import StreamedResponse

_HEADER: Final = "Last-Event-ID"

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name=_HEADER,
        description=(
            "Resume after this event ID; 0 starts with the oldest change kept. Without it the feed"
            " starts with the next change, and its first event is `feed.ready.v1`."
        ),
    ),
]


class EventController(Controller):
    """The change feed of one user."""

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
                    "Server-sent events; each has an ID and a JSON document with a `type`."
                    " `feed.reset.v1`: changes are missing, reload everything."
                ),
                media_type=EVENT_STREAM,
            ),
        },
    )
    async def watch_tasks(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        last_event_id: LastEventId = None,
    ) -> StreamedResponse:
        """Stream the changes of tasks and lists.

        Comments: `: ping` when idle, `: reconnect` before the feed ends because the token expired
        or the server is shutting down, `: unauthorized` after a sign-out.
        """
        after = _parse_event_id(last_event_id)
        services.change_feed.check_limit(caller.user_id)
        reader = FeedReader(user_id=caller.user_id, sid=caller.sid, expires_at=caller.expires_at)
        return StreamedResponse(
            services.change_feed.stream(reader, after),
            send_timeout_s=services.settings.events_send_timeout_s,
            ping_s=services.settings.events_ping_s,
        )


def _parse_event_id(text: str | None) -> int | None:
    if text is None:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_EVENT_SEQ))
    if not is_number or int(text) > MAX_EVENT_SEQ:
        msg = f"{_HEADER} must be an event ID sent by this feed."
        raise BadRequestError(msg)
    return int(text)
