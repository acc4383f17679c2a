"""`/api/{user_id}/entities`: tasks and lists that a chat message can mention with `@`."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from tasks_service.domain.entity import DEFAULT_ENTITIES, MAX_ENTITIES
from tasks_service.domain.limits import MAX_SEARCH_CHARS
from tasks_service.domain.query import parse_words
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.entity_service import EntityPage
from tasks_service.services import Services


class EntityController(Controller):
    """Open tasks and lists as ChatKit entities."""

    path = "/entities"
    tags = ["entities"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, EntityPage, "Best match first.", *READ_PROBLEMS))
    async def find_entities(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        q: Annotated[
            str,
            QueryParameter(
                max_length=MAX_SEARCH_CHARS,
                description="Words of the title, or a task's number; empty returns the most recently changed.",
            ),
        ] = "",
        limit: Annotated[
            int, QueryParameter(ge=1, le=MAX_ENTITIES, description="Maximum number of entities.")
        ] = DEFAULT_ENTITIES,
    ) -> EntityPage:
        """Find open tasks and lists whose titles contain every word, prefix matches first."""
        words = parse_words(q, pointer="q")
        return await services.entities.find(caller.user_id, words, limit)
