"""`/api/{user_id}/chat/search`, `/search/threads` and `/export`: a user's chat history."""

from collections.abc import AsyncGenerator
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import QueryParameter

from chat_gateway.http.agent_paths import named_agent
from chat_gateway.http.documentation import (
    BEARER,
    ExportOperation,
    SearchOperation,
    ThreadSearchOperation,
)
from chat_gateway.http.guards import AdmittedRequest, admit_secret, costs
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.services import Services
from chat_gateway.streams.admission import EXPORT_COST, PLAIN_COST
from todochat.contracts.agents import AGENT_NAME
from todochat.http.openapi import problems
from todochat.http.streamed_response import StreamedResponse

AgentName = Annotated[
    str | None,
    QueryParameter(pattern=AGENT_NAME, description="Only threads of this agent."),
]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=250, description="`next_cursor` of the previous page."),
]
MAX_EXPORTS: Final = 2  # per user and process; each holds a connection to todo-agent


class PublicHistoryController(Controller):
    """Searches and exports a user's chat history."""

    path = "/api/{user_id:str}/chat"
    tags = ["history"]
    guards = [admit_secret]
    opt = costs(PLAIN_COST)
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(
        "/search",
        operation_class=SearchOperation,
        responses=problems(400, 401, 403, 409, 422, 429, 503),
    )
    async def search(
        self,
        request: AdmittedRequest,
        services: NamedDependency[Services],
        q: Annotated[
            str,
            QueryParameter(
                min_length=1,
                max_length=200,
                description=(
                    "Each word is a prefix of a word in a message, or part of a sentence in scripts "
                    "without spaces."
                ),
            ),
        ],
        limit: Annotated[int, QueryParameter(ge=1, le=50, description="Messages per page.")] = 20,
        cursor: Cursor = None,
        agent: AgentName = None,
    ) -> Response[bytes]:
        """Search your messages and the assistant's, newest first."""
        params = search_params(q, limit, cursor) | agent_filter(request, agent)
        page = await services.history.search_messages(request.auth.user_id, params)
        return Response(page.body, headers=page.headers)

    @get(
        "/search/threads",
        operation_class=ThreadSearchOperation,
        responses=problems(400, 401, 403, 409, 422, 429, 503),
    )
    async def search_threads(
        self,
        request: AdmittedRequest,
        services: NamedDependency[Services],
        q: Annotated[
            str,
            QueryParameter(
                min_length=1,
                max_length=200,
                description=(
                    "Each word is a prefix of a word in one message (or part of a sentence in scripts "
                    "without spaces), or part of the title."
                ),
            ),
        ],
        limit: Annotated[int, QueryParameter(ge=1, le=50, description="Threads per page.")] = 20,
        cursor: Cursor = None,
        agent: AgentName = None,
    ) -> Response[bytes]:
        """Search your chats by title and messages; each once, by its newest match."""
        params = search_params(q, limit, cursor) | agent_filter(request, agent)
        page = await services.history.search_threads(request.auth.user_id, params)
        return Response(page.body, headers=page.headers)

    @get(
        "/export",
        opt=costs(EXPORT_COST),
        operation_class=ExportOperation,
        responses=problems(400, 401, 403, 409, 422, 429, 503),
    )
    async def export(
        self,
        request: AdmittedRequest,
        services: NamedDependency[Services],
        agent: AgentName = None,
    ) -> StreamedResponse:
        """Stream all of your chats: threads with their items, files and feedback.

        An export counts as a message. You can have at most two exports in progress.
        """
        user_id = request.auth.user_id
        services.exports.check(user_id)
        download = await services.history.open_export(user_id, agent_filter(request, agent))

        async def chunks() -> AsyncGenerator[bytes, None]:
            with services.exports.hold(user_id):
                async for chunk in download.chunks():
                    yield chunk

        return StreamedResponse(
            chunks(),
            send_timeout_s=request.app.state.settings.slow_viewer_s,
            media_type=MediaType.JSON,
            headers={"Content-Disposition": 'attachment; filename="chat.json"'},
        )


def search_params(q: str, limit: int, cursor: str | None) -> dict[str, str]:
    """Return the query of a search."""
    return {"q": q, "limit": str(limit), **({"cursor": cursor} if cursor else {})}


def agent_filter(request: AdmittedRequest, agent: str | None) -> dict[str, str]:
    """Return the parameter that selects an agent, from the query or else from the path."""
    name = agent or named_agent(request)
    return {"agent": name} if name is not None else {}
