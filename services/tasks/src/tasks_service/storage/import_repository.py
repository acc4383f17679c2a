"""Queries on what was imported before."""

import datetime as dt
from collections.abc import Collection
from typing import Final

import msgspec
from sqlalchemy import Text, any_, cast, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import ChangeRecord, ImportRecord
from todochat.database.sql_transaction import SqlExecutor

_REMEMBER: Final = text("""
    INSERT INTO imported (user_id, source, kind, key, entity_id, digest, imported_at)
    SELECT :user_id, :source, kind, key, entity_id, digest, now()
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row
           (kind text, key text, entity_id text, digest text)
    ON CONFLICT (user_id, source, kind, key) DO UPDATE
       SET entity_id = excluded.entity_id, digest = excluded.digest,
           imported_at = excluded.imported_at
""")


class ImportedThing(msgspec.Struct, frozen=True, kw_only=True):
    """A thing in a file, and what it became."""

    kind: str
    key: str
    entity_id: str
    digest: str = ""


class ImportRepository:
    """The imports of one user from one source, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str, source: str) -> None:
        self._session = session
        self._user_id = user_id
        self._source = source

    async def find(self, kind: str, keys: Collection[str]) -> dict[str, ImportedThing]:
        """Return those of the keys that were imported."""
        wanted = any_(cast(list(keys), ARRAY(Text)))
        rows = await self._session.execute(
            select(ImportRecord.key, ImportRecord.entity_id, ImportRecord.digest).where(
                ImportRecord.user_id == self._user_id,
                ImportRecord.source == self._source,
                ImportRecord.kind == kind,
                ImportRecord.key == wanted,
            )
        )
        return {
            key: ImportedThing(kind=kind, key=key, entity_id=entity_id, digest=digest)
            for key, entity_id, digest in rows
        }

    async def find_undone(self, ids: Collection[str]) -> set[str]:
        """Return those of the deleted entities that an undo has deleted."""
        if not ids:
            return set()
        wanted = any_(cast(list(ids), ARRAY(Text)))
        statement = select(ChangeRecord.entity_id).where(
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.entity_id == wanted,
            ChangeRecord.undoes.is_not(None),
            ChangeRecord.type.endswith(".deleted.v1"),
        )
        return set(await self._session.scalars(statement.distinct()))

    async def find_created(
        self, request_id: str, ids: Collection[str], *, before: dt.datetime
    ) -> set[str]:
        """Return those of the entities that a request has created before a time."""
        if not ids:
            return set()
        wanted = any_(cast(list(ids), ARRAY(Text)))
        statement = select(ChangeRecord.entity_id).where(
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.request_id == request_id,
            ChangeRecord.entity_id == wanted,
            ChangeRecord.type.endswith(".created.v1"),
            ChangeRecord.occurred_at < before,
        )
        return set(await self._session.scalars(statement))

    async def remember(self, transaction: SqlExecutor, things: list[ImportedThing]) -> None:
        """Store what things became, in place of what was known of them."""
        values = {
            "user_id": self._user_id,
            "source": self._source,
            "rows": msgspec.json.encode(things).decode(),
        }
        await transaction.execute(_REMEMBER, values)
