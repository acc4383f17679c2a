"""Stores generated images as attachments: their bytes must not live in items, frames or journals.

Like an uploaded file, an image belongs to no thread until an item uses it; from then on it is deleted
with the thread. Until then it is deleted a day later, as previews and images of dead workers are. Its
id is derived from its content, so that storing it twice is a no-op.
"""

import base64
import hashlib
from typing import Final

from chatkit.types import ImageAttachment

from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.attachments import SIZE_KEY, FileContent, FileLimits, load_file
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.encoding import storable_json
from durable_chatkit.chatkit.file_types import detect_type, is_image
from durable_chatkit.errors import AttachmentQuotaError, FileTooLargeError, UnsupportedFileError
from durable_chatkit.storage.attachment_repository import AttachmentRepository
from durable_chatkit.storage.run_states import is_fenced
from todochat.bus.errors import RunLostError
from todochat.database import Database
from todochat.http.client import MAX_BODY_BYTES
from todochat.ids import derived_id

MAX_IMAGE_BYTES: Final = MAX_BODY_BYTES  # the gateway relays no more
NAME: Final = "generated-image"


class ImageStore:
    """Reads and writes the generated images of all users."""

    def __init__(self, db: Database, links: AttachmentLinks, limits: FileLimits) -> None:
        self._db = db
        self._links = links
        self._limits = limits

    async def save_image(self, encoded: str, context: RequestContext) -> str:
        """Store a base64-encoded image, if the run hasn't stored it yet; return its id.

        Raises:
            RunLostError: another attempt has the run, or the account was erased.
            FileTooLargeError, UnsupportedFileError: it isn't an image that browsers show.
            AttachmentQuotaError: the user's file quota would be exceeded.
        """
        if len(encoded) > MAX_IMAGE_BYTES * 4 // 3 + 4:
            msg = f"Images can be at most {MAX_IMAGE_BYTES // 2**20} MB."
            raise FileTooLargeError(msg)
        try:
            content = base64.b64decode(encoded)
        except ValueError as error:
            raise UnsupportedFileError("The image can't be read.") from error
        kind = detect_type(content, NAME, "")
        if kind is None or not is_image(kind):
            raise UnsupportedFileError("The image can't be read.")
        digest = hashlib.sha256(content).hexdigest()
        user_id, run_id = context.user_id, context.run_id or ""
        attachment_id = derived_id("atc", user_id, run_id, digest)
        attachment = ImageAttachment(
            id=attachment_id,
            name=f"{NAME}.{kind.removeprefix('image/')}",
            mime_type=kind,
            metadata={SIZE_KEY: len(content)},
            preview_url=self._links.content_url(user_id, attachment_id),
        )
        async with self._db.sql_transaction(user_id) as session:
            if not await is_fenced(session, run_id, context.attempt or 0):
                raise RunLostError(run_id)
            files = AttachmentRepository(session)
            if await files.load_attachment(attachment_id) is None:
                used = await files.sum_usage()
                is_full = used.files >= self._limits.files
                if is_full or used.size_bytes + len(content) > self._limits.size_bytes:
                    msg = "Your storage for files is full. Delete some chats with files."
                    raise AttachmentQuotaError(msg)
                await files.insert_file(user_id, attachment_id, storable_json(attachment), content)
        return attachment_id

    async def load_image(self, attachment_id: str, context: RequestContext) -> str | None:
        """Return an image in base64, None if it was deleted."""
        async with self._db.sql_transaction(context.user_id) as session:
            stored = await AttachmentRepository(session).load_content(attachment_id)
        return base64.b64encode(stored.content).decode() if stored is not None else None

    async def load_file(self, attachment_id: str, context: RequestContext) -> FileContent:
        """Return any file of the user, generated or uploaded.

        Raises:
            UnknownResourceError: it was deleted.
        """
        return await load_file(self._db, context.user_id, attachment_id)

    async def bind_image(self, thread_id: str, attachment_id: str, context: RequestContext) -> None:
        """Let a thread own an image; a no-op if it was deleted or belongs to a thread."""
        async with self._db.sql_transaction(context.user_id) as session:
            await AttachmentRepository(session).bind_file(thread_id, attachment_id)

    async def delete_previews(self, attachment_ids: list[str], context: RequestContext) -> None:
        """Delete images that belong to no thread."""
        async with self._db.sql_transaction(context.user_id) as session:
            await AttachmentRepository(session).delete_unattached(attachment_ids)

    def url_of(self, attachment_id: str, context: RequestContext) -> str:
        """Return an image's URL, which is signed whenever it is sent to a client."""
        return str(self._links.content_url(context.user_id, attachment_id))
