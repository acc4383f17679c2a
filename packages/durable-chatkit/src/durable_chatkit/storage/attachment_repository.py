"""Attachments of the user that the session is bound to: what is known of them, and their bytes."""

from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from todochat.database import Database

PURGE_BATCH: Final = 500

_SAVE: Final = text("""
    INSERT INTO attachments (user_id, id, thread_id, payload)
    VALUES (:user_id, :id, :thread_id, :payload)
    ON CONFLICT (user_id, id)
    DO UPDATE SET thread_id = excluded.thread_id, payload = excluded.payload
""")
_LOAD: Final = text("SELECT CAST(payload AS text) FROM attachments WHERE id = :id")
_DELETE: Final = text("DELETE FROM attachments WHERE id = :id RETURNING 1")

_USAGE: Final = text("""
    SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS size_bytes FROM attachments
""")
_ADD: Final = text("""
    INSERT INTO attachments (user_id, id, payload, size_bytes)
    VALUES (:user_id, :id, :payload, :size_bytes)
""")
# Locked, so that of two uploads of the same file one finds the other's bytes.
_LOCK: Final = text("""
    SELECT CAST(payload AS text) AS payload, size_bytes, uploaded_at IS NOT NULL AS is_uploaded
      FROM attachments WHERE id = :id FOR UPDATE
""")
_FILL: Final = text("""
    WITH slot AS (
        UPDATE attachments SET payload = :payload, size_bytes = :size_bytes, uploaded_at = now()
         WHERE id = :id
        RETURNING user_id, id)
    INSERT INTO attachment_contents (user_id, id, content) SELECT user_id, id, :content FROM slot
""")
_CONTENT: Final = text("""
    SELECT CAST(payload AS text) AS payload, content
      FROM attachments JOIN attachment_contents USING (user_id, id)
     WHERE id = :id
""")

_PURGE: Final = text("""
    DELETE FROM attachments WHERE (user_id, id) IN (
        SELECT user_id, id FROM attachments
         WHERE thread_id IS NULL AND created_at < now() - CAST(:keep AS interval)
         LIMIT :batch)
       AND thread_id IS NULL
    RETURNING 1
""")


class FileUsage(msgspec.Struct, frozen=True):
    """What a user's files take up, those that were only announced included."""

    files: int
    size_bytes: int


class FileSlot(msgspec.Struct, frozen=True):
    """An attachment that bytes are about to arrive for; `size_bytes` is what was announced."""

    payload: str
    size_bytes: int
    is_uploaded: bool


class StoredFile(msgspec.Struct, frozen=True):
    """An attachment with its bytes; `payload` is its JSON."""

    payload: str
    content: bytes


class AttachmentRepository:
    """Reads and writes attachments inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def load(self, attachment_id: str) -> str | None:
        """Return an attachment's JSON, or None."""
        result = await self._session.execute(_LOAD, {"id": attachment_id})
        return result.scalar_one_or_none()

    async def save(
        self, user_id: str, attachment_id: str, thread_id: str | None, payload: str
    ) -> None:
        """Write an attachment.

        Raises:
            IntegrityError: the user has no such thread.
        """
        values = {
            "user_id": user_id,
            "id": attachment_id,
            "thread_id": thread_id,
            "payload": payload,
        }
        await self._session.execute(_SAVE, values)

    async def delete(self, attachment_id: str) -> bool:
        """Delete an attachment with its bytes; False if there is none."""
        return (await self._session.execute(_DELETE, {"id": attachment_id})).first() is not None

    async def usage(self) -> FileUsage:
        """Add up the user's files."""
        row = (await self._session.execute(_USAGE)).one()
        return FileUsage(row.files, int(row.size_bytes))

    async def add(self, user_id: str, attachment_id: str, payload: str, size_bytes: int) -> None:
        """Announce an attachment whose bytes are still to come."""
        values = {
            "user_id": user_id,
            "id": attachment_id,
            "payload": payload,
            "size_bytes": size_bytes,
        }
        await self._session.execute(_ADD, values)

    async def lock(self, attachment_id: str) -> FileSlot | None:
        """Return an attachment and keep others from filling it; None if there is none."""
        row = (await self._session.execute(_LOCK, {"id": attachment_id})).one_or_none()
        return FileSlot(*row) if row is not None else None

    async def fill(self, attachment_id: str, payload: str, content: bytes) -> None:
        """Store an attachment's bytes and what they turned out to be.

        Raises:
            IntegrityError: it has its bytes already.
        """
        values = {
            "id": attachment_id,
            "payload": payload,
            "content": content,
            "size_bytes": len(content),
        }
        await self._session.execute(_FILL, values)

    async def content(self, attachment_id: str) -> StoredFile | None:
        """Return an attachment with its bytes; None if it isn't there or wasn't uploaded."""
        row = (await self._session.execute(_CONTENT, {"id": attachment_id})).one_or_none()
        return StoredFile(*row) if row is not None else None


async def purge_unattached(db: Database, keep_s: float) -> int:
    """Delete a batch of the files, of all users, that no message ever got.

    Args:
        db: bound to the role `chat_jobs`.
        keep_s: age since they were announced.

    Returns:
        How many went; call again while it is a full batch.
    """
    async with db.transaction(None) as session:
        values = {"keep": timedelta(seconds=keep_s), "batch": PURGE_BATCH}
        return len((await session.execute(_PURGE, values)).all())
