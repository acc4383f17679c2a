"""Files attached by users: registered and then uploaded, or uploaded at once; read and deleted.

An attachment belongs to no thread until a message uses it (`turn_changes.py`); from then on it
belongs to that thread. Its type is detected from its bytes, which never change after the upload;
its text, if they aren't UTF-8, is stored beside them.
"""

from typing import Any, Final

import msgspec
from chatkit.types import (
    Attachment,
    AttachmentCreateParams,
    FileAttachment,
    ImageAttachment,
)
from pydantic import TypeAdapter

from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.encoding import storable_json
from durable_chatkit.chatkit.file_text import FileReader
from durable_chatkit.chatkit.file_types import (
    check_declared_type,
    clean_name,
    is_image,
    media_type,
)
from durable_chatkit.chatkit.paging import check_id
from durable_chatkit.errors import (
    AttachmentInUseError,
    AttachmentQuotaError,
    FileTooLargeError,
    UnknownResourceError,
    UnsupportedFileError,
)
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.attachment_repository import AttachmentRepository
from durable_chatkit.storage.erasure_repository import (
    check_account_open,
    transaction_for_active_account,
)
from todochat.contracts.uploads import MAX_FILE_BYTES
from todochat.database import Database
from todochat.errors import FieldError, InvalidInputError
from todochat.ids import new_id

LOCK_WAIT_S: Final = 5.0
SIZE_KEY: Final = "size_bytes"  # in `metadata`, which is never sent to clients

ATTACHMENT: Final[TypeAdapter[Attachment]] = TypeAdapter(Attachment)


class FileLimits(msgspec.Struct, frozen=True):
    """Limits on the number and total size of one user's files."""

    files: int
    size_bytes: int

    @classmethod
    def from_settings(cls, settings: ChatSettings) -> "FileLimits":
        """Read the limits from the settings."""
        return cls(settings.attachments_per_user, settings.attachment_bytes_per_user)


class UploadedFile(msgspec.Struct, frozen=True):
    """A file as received; `declared_type` is the type sent by the browser."""

    name: str
    declared_type: str
    content: bytes


class FileContent(msgspec.Struct, frozen=True):
    """A stored file with its name and type.

    `extracted_text` is the start of the text of a PDF, or of a text in another encoding than UTF-8,
    see `FileReading`; None for other files.
    """

    name: str
    media_type: str
    content: bytes
    extracted_text: str | None = None


class AttachmentService:
    """Stores, returns and deletes files, for their owner only."""

    def __init__(self, db: Database, links: AttachmentLinks, limits: FileLimits) -> None:
        self._db = db
        self._links = links
        self._limits = limits
        self._reader = FileReader()

    async def register_upload(
        self, params: AttachmentCreateParams, user_id: str, attachment_id: str
    ) -> Attachment:
        """Register a file and return the attachment with the URL for its upload.

        Raises:
            FileTooLargeError, UnsupportedFileError: the upload would be rejected.
            AttachmentQuotaError: the user's file quota would be exceeded.
            AccountLockedError: the account is being erased.
        """
        if params.size < 1:
            detail = "must be at least 1"
            raise InvalidInputError(
                "The file is empty.", errors=[FieldError("/params/size", detail)]
            )
        _check_size(params.size)
        check_declared_type(params.mime_type, params.name)
        attachment = self._new(
            user_id, attachment_id, params.name, media_type(params.mime_type), params.size
        )
        attachment.upload_descriptor = self._links.upload_descriptor(user_id, attachment_id)
        await self._add(attachment, user_id, params.size)
        return self._links.sign_attachment(attachment, user_id)

    async def store_upload(
        self, user_id: str, attachment_id: str, file: UploadedFile
    ) -> Attachment:
        """Store the bytes of a registered file; a repeated upload must have the same bytes.

        Raises:
            UnknownResourceError: this user has registered no such file.
            FileTooLargeError, UnsupportedFileError: the file can't be read or differs from its
                registration.
            FileReadersBusyError: too many files are being read.
            AttachmentInUseError: other bytes are already stored.
        """
        check_id(attachment_id, "attachment")
        _check_size(len(file.content))
        # Outside of the transaction, because reading a PDF may take seconds.
        async with self._db.sql_transaction(user_id) as session:
            payload = await AttachmentRepository(session).load_attachment(attachment_id)
        if payload is None:
            raise UnknownResourceError("attachment")
        registered = ATTACHMENT.validate_json(payload)
        reading = await self._reader.read(file.content, registered.name, registered.mime_type)
        async with transaction_for_active_account(self._db, user_id) as session:
            files = AttachmentRepository(session)
            slot = await files.lock_slot(attachment_id)
            if slot is None:
                raise UnknownResourceError("attachment")
            if slot.is_uploaded:
                stored = await files.load_content(attachment_id)
                if stored is None or stored.content != file.content:
                    raise AttachmentInUseError("This attachment has already been uploaded.")
                uploaded = ATTACHMENT.validate_json(slot.payload)
                return self._links.sign_attachment(uploaded, user_id)
            if len(file.content) > slot.size_bytes:
                raise UnsupportedFileError("The file is larger than declared.")
            kind = reading.media_type
            if is_image(kind) != isinstance(registered, ImageAttachment):
                raise UnsupportedFileError("The file's type differs from the declared type.")
            attachment = self._new(user_id, attachment_id, registered.name, kind, len(file.content))
            payload = storable_json(attachment)
            await files.save_content(attachment_id, payload, file.content, reading.text)
        return self._links.sign_attachment(attachment, user_id)

    async def add_file(self, user_id: str, file: UploadedFile) -> Attachment:
        """Store a file that was not registered before.

        Raises:
            FileTooLargeError, UnsupportedFileError: the file is rejected.
            FileReadersBusyError: too many files are being read.
            AttachmentQuotaError: the user's file quota would be exceeded.
            AccountLockedError: the account is being erased.
        """
        _check_size(len(file.content))
        name = clean_name(file.name)
        reading = await self._reader.read(file.content, name, file.declared_type)
        size_bytes = len(file.content)
        attachment = self._new(user_id, new_id("atc"), name, reading.media_type, size_bytes)
        await self._add(attachment, user_id, size_bytes, file.content, reading.text)
        return self._links.sign_attachment(attachment, user_id)

    async def load_file(self, user_id: str, attachment_id: str) -> FileContent:
        """Return a file.

        Raises:
            UnknownResourceError: this user has no such file, or it isn't uploaded yet.
        """
        return await load_file(self._db, user_id, attachment_id)

    async def delete_attachment(self, user_id: str, attachment_id: str) -> None:
        """Delete a file; messages that use it keep its name.

        Raises:
            UnknownResourceError: this user has no such file.
        """
        check_id(attachment_id, "attachment")
        async with transaction_for_active_account(self._db, user_id) as session:
            if not await AttachmentRepository(session).delete_attachment(attachment_id):
                raise UnknownResourceError("attachment")

    async def _add(
        self,
        attachment: Attachment,
        user_id: str,
        size_bytes: int,
        content: bytes | None = None,
        extracted_text: str | None = None,
    ) -> None:
        payload = storable_json(attachment)
        async with self._db.sql_transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock_user(LOCK_WAIT_S)
            await check_account_open(session)
            files = AttachmentRepository(session)
            used = await files.sum_usage()
            if used.files >= self._limits.files:
                msg = f"You can keep at most {self._limits.files} files. Delete some chats with files."
                raise AttachmentQuotaError(msg)
            if used.size_bytes + size_bytes > self._limits.size_bytes:
                megabytes = self._limits.size_bytes // 2**20
                msg = f"You can keep at most {megabytes} MB of files. Delete some chats with files."
                raise AttachmentQuotaError(msg)
            await files.register(user_id, attachment.id, payload, size_bytes)
            if content is not None:
                await files.save_content(attachment.id, payload, content, extracted_text)

    def _new(
        self, user_id: str, attachment_id: str, name: str, kind: str, size_bytes: int
    ) -> Attachment:
        common: dict[str, Any] = {
            "id": attachment_id,
            "name": clean_name(name),
            "mime_type": kind[:100],
            "metadata": {SIZE_KEY: size_bytes},
        }
        if is_image(kind):
            url = self._links.content_url(user_id, attachment_id)
            return ImageAttachment(**common, preview_url=url)
        return FileAttachment(**common)


async def load_file(db: Database, user_id: str, attachment_id: str) -> FileContent:
    """Return a file of a user; see `AttachmentService.load_file`."""
    check_id(attachment_id, "attachment")
    async with db.sql_transaction(user_id) as session:
        stored = await AttachmentRepository(session).load_content(attachment_id)
    if stored is None:
        raise UnknownResourceError("attachment")
    attachment = ATTACHMENT.validate_json(stored.payload)
    return FileContent(attachment.name, attachment.mime_type, stored.content, stored.extracted_text)


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_FILE_BYTES:
        msg = f"Files can be at most {MAX_FILE_BYTES // 2**20} MB."
        raise FileTooLargeError(msg)
