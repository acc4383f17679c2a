"""Attachments' metadata of the user that the session is bound to; bytes live elsewhere."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_SAVE: Final = text("""
    INSERT INTO attachments (user_id, id, thread_id, payload)
    VALUES (:user_id, :id, :thread_id, :payload)
    ON CONFLICT (user_id, id)
    DO UPDATE SET thread_id = excluded.thread_id, payload = excluded.payload
""")
_LOAD: Final = text("SELECT CAST(payload AS text) FROM attachments WHERE id = :id")
_DELETE: Final = text("DELETE FROM attachments WHERE id = :id RETURNING 1")


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
        """Delete an attachment; False if there is none."""
        return (await self._session.execute(_DELETE, {"id": attachment_id})).first() is not None
