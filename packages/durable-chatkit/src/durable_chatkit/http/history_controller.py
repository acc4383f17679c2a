"""`/internal/search` and `/internal/export`: the history of the user that the token names."""

from typing import Annotated

from litestar import Controller, MediaType, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from durable_chatkit.chatkit.history_service import FoundPage, HistoryService
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.errors import FieldError, InvalidInputError
from todochat.identity.service_tokens import ServiceIdentity

MAX_CURSOR_CHARS = 250

Words = Annotated[str, QueryParameter(min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=50)]
AfterCursor = Annotated[str | None, QueryParameter(max_length=MAX_CURSOR_CHARS)]


class HistoryController(Controller):
    """What one user has said and was told; hidden items never show."""

    path = "/internal"
    tags = ["history"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS

    @get("/search")
    async def search(
        self,
        caller: NamedDependency[ServiceIdentity],
        history_service: NamedDependency[HistoryService],
        q: Words,
        limit: Limit = 20,
        cursor: AfterCursor = None,
    ) -> FoundPage:
        """Find messages in which every word of `q` begins a word, the newest first."""
        words = q.replace("\x00", " ").strip()
        if not words:
            raise InvalidInputError("`q` is blank.", errors=[FieldError("q", "must not be blank")])
        return await history_service.search(caller.user_id, words, cursor, limit)

    @get("/export")
    async def export(
        self,
        caller: NamedDependency[ServiceIdentity],
        history_service: NamedDependency[HistoryService],
    ) -> Stream:
        """Stream everything of the user as JSON: threads with items, files, feedback."""
        await history_service.check_open(caller.user_id)
        return Stream(history_service.export(caller.user_id), media_type=MediaType.JSON)
