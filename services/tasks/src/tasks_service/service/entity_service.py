"""Finds the tasks and lists that a chat message can mention."""

import msgspec

from tasks_service.domain.entity import Entity, best_matches
from tasks_service.storage.entity_repository import EntityRepository
from tasks_service.storage.transaction import open_transaction
from todochat.database import Database


class EntityPage(msgspec.Struct, frozen=True):
    """Tasks and lists, best match first."""

    items: list[Entity]


class EntityService:
    """Searches open tasks and lists by title."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, words: tuple[str, ...], limit: int) -> EntityPage:
        """Return tasks and lists whose titles contain every word; without words the newest ones."""
        async with open_transaction(self._database, user_id) as session:
            entities = EntityRepository(session, user_id, words)
            matches = [*await entities.find_tasks(limit), *await entities.find_lists(limit)]
        return EntityPage(best_matches(matches, limit))
