"""`/api/{user_id}/chat/search` and `/export`: one's own history."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import QueryParameter

from chat_gateway.history_service import HistoryService
from chat_gateway.http.documentation import BEARER, ExportOperation, SearchOperation
from chat_gateway.http.guards import require_own_secret
from chat_gateway.http.rejections import COUNTING_HANDLERS
from todochat.http.openapi import problems
from todochat.http.streamed_response import StreamedResponse
from todochat.identity.tokens import Identity

OwnRequest = Request[Any, Identity, State]


class HistoryController(Controller):
    """What one user has said and was told."""

    path = "/api/{user_id:str}/chat"
    tags = ["history"]
    guards = [require_own_secret]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(
        "/search",
        operation_class=SearchOperation,
        responses=problems(400, 401, 403, 409, 422, 429, 503),
    )
    async def search(
        self,
        request: OwnRequest,
        history_service: NamedDependency[HistoryService],
        q: Annotated[
            str,
            QueryParameter(
                min_length=1, max_length=200, description="Each word begins a word of a message."
            ),
        ],
        limit: Annotated[int, QueryParameter(ge=1, le=50, description="Messages per page.")] = 20,
        cursor: Annotated[
            str | None,
            QueryParameter(max_length=250, description="`next_cursor` of the page before."),
        ] = None,
    ) -> Response[bytes]:
        """Search in one's own messages and the assistant's, the newest first."""
        params = {"q": q, "limit": str(limit), **({"cursor": cursor} if cursor else {})}
        answer = await history_service.search(request.auth, params)
        return Response(answer.body, headers=answer.headers)

    @get(
        "/export",
        operation_class=ExportOperation,
        responses=problems(401, 403, 409, 429, 503),
    )
    async def export(
        self, request: OwnRequest, history_service: NamedDependency[HistoryService]
    ) -> StreamedResponse:
        """Stream all of your chats: threads with their items, files and feedback.

        It counts as a message, and you can read at most two at the same time.
        """
        return StreamedResponse(
            await history_service.export(request.auth),
            send_timeout_s=request.app.state.settings.slow_viewer_s,
            media_type=MediaType.JSON,
            headers={"Content-Disposition": 'attachment; filename="chat.json"'},
        )
