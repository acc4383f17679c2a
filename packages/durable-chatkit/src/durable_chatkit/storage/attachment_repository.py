"""Attachments of the session's user: metadata and content."""

from typing import Final, cast

import msgspec
from sqlalchemy import text

from todochat.database.sql_transaction import SqlExecutor

# A row that isn't registered yet belongs to an adopter's attachment store, which has the content.
_SAVE: Final = text("""
    INSERT INTO attachments (user_id, id, thread_id, payload, uploaded_at)
    VALUES (:user_id, :id, :thread_id, :payload, now())
    ON CONFLICT (user_id, id)
    DO UPDATE SET thread_id = excluded.thread_id, payload = excluded.payload
""")
_LOAD: Final = text("SELECT CAST(payload AS text) FROM attachments WHERE id = :id")
_DELETE: Final = text("DELETE FROM attachments WHERE id = :id RETURNING 1")

_SUM_USAGE: Final = text("""
    SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS size_bytes FROM attachments
""")
_REGISTER: Final = text("""
    INSERT INTO attachments (user_id, id, payload, size_bytes)
    VALUES (:user_id, :id, :payload, :size_bytes)
""")
# Locked, so that of two concurrent uploads of a file the second finds the content of the first.
_LOCK_SLOT: Final = text("""
    SELECT CAST(payload AS text) AS payload, size_bytes, uploaded_at IS NOT NULL AS is_uploaded
      FROM attachments WHERE id = :id FOR UPDATE
""")
_SAVE_CONTENT: Final = text("""
    WITH slot AS (
        UPDATE attachments SET payload = :payload, size_bytes = :size_bytes, uploaded_at = now()
         WHERE id = :id
        RETURNING user_id, id)
    INSERT INTO attachment_contents (user_id, id, content, extracted_text)
    SELECT user_id, id, :content, CAST(:extracted_text AS text) FROM slot
""")
_LOAD_CONTENT: Final = text("""
    SELECT CAST(payload AS text) AS payload, content, extracted_text
      FROM attachments JOIN attachment_contents USING (user_id, id)
     WHERE id = :id
""")
_INSERT_FILE: Final = text("""
    WITH file AS (
        INSERT INTO attachments (user_id, id, payload, size_bytes, uploaded_at)
        VALUES (:user_id, :id, :payload, :size_bytes, now())
        ON CONFLICT DO NOTHING
        RETURNING user_id, id)
    INSERT INTO attachment_contents (user_id, id, content) SELECT user_id, id, :content FROM file
""")
_BIND_FILE: Final = text("""
    UPDATE attachments SET thread_id = :thread_id
     WHERE id = :id AND thread_id IS NULL
       AND EXISTS (SELECT 1 FROM threads WHERE id = :thread_id)
""")
_DELETE_UNATTACHED: Final = text("""
    DELETE FROM attachments WHERE id = ANY(CAST(:ids AS text[])) AND thread_id IS NULL
""")


class FileUsage(msgspec.Struct, frozen=True):
    """A user's number of files and their size, registered uploads included."""

    files: int
    size_bytes: int


class FileSlot(msgspec.Struct, frozen=True):
    """A registered attachment; `size_bytes` is the declared size until it is uploaded."""

    payload: str
    size_bytes: int
    is_uploaded: bool


class StoredFile(msgspec.Struct, frozen=True):
    """An attachment with its content; `payload` is its JSON.

    `extracted_text` is None unless the content is a PDF or a text that isn't UTF-8.
    """

    payload: str
    content: bytes
    extracted_text: str | None = None


class AttachmentRepository:
    """Reads and writes attachments inside one transaction."""

    def __init__(self, session: SqlExecutor) -> None:
        self._session = session

    async def load_attachment(self, attachment_id: str) -> str | None:
        """Return an attachment's JSON, or None."""
        result = await self._session.execute(_LOAD, {"id": attachment_id})
        return cast("str | None", result.scalar_one_or_none())

    async def save_attachment(
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

    async def delete_attachment(self, attachment_id: str) -> bool:
        """Delete an attachment with its content; False if there is none."""
        return (await self._session.execute(_DELETE, {"id": attachment_id})).first() is not None

    async def sum_usage(self) -> FileUsage:
        """Return the number and the total size of the user's files."""
        row = (await self._session.execute(_SUM_USAGE)).one()
        return FileUsage(row.files, int(row.size_bytes))

    async def register(
        self, user_id: str, attachment_id: str, payload: str, size_bytes: int
    ) -> None:
        """Insert an attachment whose content is uploaded later."""
        values = {
            "user_id": user_id,
            "id": attachment_id,
            "payload": payload,
            "size_bytes": size_bytes,
        }
        await self._session.execute(_REGISTER, values)

    async def lock_slot(self, attachment_id: str) -> FileSlot | None:
        """Lock an attachment for an upload; None if there is none."""
        row = (await self._session.execute(_LOCK_SLOT, {"id": attachment_id})).one_or_none()
        return FileSlot(*row) if row is not None else None

    async def save_content(
        self, attachment_id: str, payload: str, content: bytes, extracted_text: str | None
    ) -> None:
        """Store an attachment's content, with the `payload` and the text derived from it.

        Raises:
            IntegrityError: it already has content.
        """
        values = {
            "id": attachment_id,
            "payload": payload,
            "content": content,
            "size_bytes": len(content),
            "extracted_text": extracted_text,
        }
        await self._session.execute(_SAVE_CONTENT, values)

    async def load_content(self, attachment_id: str) -> StoredFile | None:
        """Return an attachment with its content; None if it doesn't exist or wasn't uploaded."""
        row = (await self._session.execute(_LOAD_CONTENT, {"id": attachment_id})).one_or_none()
        return StoredFile(*row) if row is not None else None

    async def insert_file(
        self, user_id: str, attachment_id: str, payload: str, content: bytes
    ) -> None:
        """Insert an attachment with its content, which belongs to no thread yet, if it is new."""
        values = {
            "user_id": user_id,
            "id": attachment_id,
            "payload": payload,
            "content": content,
            "size_bytes": len(content),
        }
        await self._session.execute(_INSERT_FILE, values)

    async def bind_file(self, thread_id: str, attachment_id: str) -> None:
        """Let an existing thread own an attachment that belongs to no thread."""
        await self._session.execute(_BIND_FILE, {"thread_id": thread_id, "id": attachment_id})

    async def delete_unattached(self, attachment_ids: list[str]) -> None:
        """Delete those of the attachments that belong to no thread."""
        await self._session.execute(_DELETE_UNATTACHED, {"ids": attachment_ids})
