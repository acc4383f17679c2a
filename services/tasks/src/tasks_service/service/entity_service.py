"""Finding what somebody mentions in a chat."""

import msgspec

from tasks_service.domain.entity import Entity, best
from tasks_service.storage.entity_repository import EntityRepository
from tasks_service.storage.transaction import open_transaction
from todochat.database import Database


class EntityPage(msgspec.Struct, frozen=True):
    """Tasks and lists, the best fit first."""

    items: list[Entity]


class EntityService:
    """Looks for open tasks and lists by title."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, words: tuple[str, ...], limit: int) -> EntityPage:
        """Return the tasks and lists whose titles have every word; without words the newest."""
        async with open_transaction(self._database, user_id) as session:
            entities = EntityRepository(session, user_id, words)
            found = [*await entities.tasks(limit), *await entities.lists(limit)]
        return EntityPage(best(found, limit))
