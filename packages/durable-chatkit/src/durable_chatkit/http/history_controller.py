"""`/internal/search`, `/internal/search/threads` and `/internal/export`: the history of the service token's user."""

from typing import Annotated

from litestar import Controller, MediaType, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from durable_chatkit.chatkit.history_service import FoundPage, FoundThreadsPage
from durable_chatkit.services import Services
from todochat.contracts.agents import AGENT_NAME
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.errors import FieldError, InvalidInputError
from todochat.identity.service_tokens import ServiceIdentity

MAX_CURSOR_CHARS = 250

Words = Annotated[str, QueryParameter(min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=50)]
AgentName = Annotated[str | None, QueryParameter(pattern=AGENT_NAME)]
AfterCursor = Annotated[str | None, QueryParameter(max_length=MAX_CURSOR_CHARS)]


class HistoryController(Controller):
    """Searches and exports one user's history, without hidden items."""

    path = "/internal"
    tags = ["history"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS

    @get("/search")
    async def search(
        self,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
        q: Words,
        limit: Limit = 20,
        cursor: AfterCursor = None,
        agent: AgentName = None,
    ) -> FoundPage:
        """Find messages with a word starting with each word of `q`, newest first."""
        words = parse_words(q)
        return await services.history.search(caller.user_id, words, cursor, limit, agent)

    @get("/search/threads")
    async def search_threads(
        self,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
        q: Words,
        limit: Limit = 20,
        cursor: AfterCursor = None,
        agent: AgentName = None,
    ) -> FoundThreadsPage:
        """Find threads by title or messages, each with its newest match, newest first."""
        words = parse_words(q)
        return await services.history.search_threads(caller.user_id, words, cursor, limit, agent)

    @get("/export")
    async def export(
        self,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
        agent: AgentName = None,
    ) -> Stream:
        """Stream all data of the user as JSON: threads with items, files, feedback."""
        await services.accounts.check_open(caller.user_id)  # before the status is sent
        return Stream(services.history.export(caller.user_id, agent), media_type=MediaType.JSON)


def parse_words(q: str) -> str:
    """Return the words of a query.

    Raises:
        InvalidInputError: there are none.
    """
    words = q.replace("\x00", " ").strip()
    if not words:
        raise InvalidInputError("`q` is blank.", errors=[FieldError("q", "must not be blank")])
    return words
