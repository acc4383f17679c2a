"""`/api/{user_id}/entities`: what can be mentioned with `@`."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from tasks_service.domain.entity import DEFAULT_ENTITIES, MAX_ENTITIES
from tasks_service.domain.limits import MAX_SEARCH_CHARS
from tasks_service.domain.query import parse_words
from tasks_service.http.authentication import Caller
from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.task_controller import BEARER
from tasks_service.service.entity_service import EntityPage, EntityService


class EntityController(Controller):
    """Open tasks and lists in the form of ChatKit's entities."""

    path = "/entities"
    tags = ["entities"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, EntityPage, "The best fit first.", *READ_PROBLEMS))
    async def find_entities(
        self,
        caller: NamedDependency[Caller],
        entity_service: NamedDependency[EntityService],
        q: Annotated[
            str,
            QueryParameter(
                max_length=MAX_SEARCH_CHARS,
                description="Words of the title, or a task's number; empty for what is newest.",
            ),
        ] = "",
        limit: Annotated[
            int, QueryParameter(ge=1, le=MAX_ENTITIES, description="Most entities.")
        ] = DEFAULT_ENTITIES,
    ) -> EntityPage:
        """Find open tasks and lists whose titles have every word, prefixes first."""
        words = parse_words(q, pointer="q")
        return await entity_service.find(caller.user_id, words, limit)
