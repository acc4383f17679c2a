"""Files that people attach: announced and then sent, or sent at once; read, deleted, taken up.

An attachment belongs to no thread until a message takes it up (`turn_changes.py`), and then to that
thread alone. What it is, is decided by its bytes; those never change once they are there.
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
from durable_chatkit.chatkit.file_types import (
    SUPPORTED,
    clean_name,
    detect_type,
    is_declared_type_allowed,
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
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.attachment_repository import AttachmentRepository, FileSlot
from durable_chatkit.storage.erasure_repository import refuse_erased, transaction_for_active_account
from todochat.contracts.uploads import MAX_FILE_BYTES
from todochat.database import Database
from todochat.errors import FieldError, InvalidInputError
from todochat.ids import new_id

LOCK_WAIT_S: Final = 5.0
SIZE_KEY: Final = "size_bytes"  # in `metadata`, which never leaves this service

ATTACHMENT: Final[TypeAdapter[Attachment]] = TypeAdapter(Attachment)


class FileLimits(msgspec.Struct, frozen=True):
    """What one user's files may take up altogether."""

    files: int
    size_bytes: int


class UploadedFile(msgspec.Struct, frozen=True):
    """A file as it came in; `announced` is the type that the browser gave it."""

    name: str
    announced: str
    content: bytes


class FileContent(msgspec.Struct, frozen=True):
    """A file to be shown or read."""

    name: str
    media_type: str
    content: bytes


class AttachmentService:
    """Takes files in and gives them out, to their owner only."""

    def __init__(self, db: Database, links: AttachmentLinks, limits: FileLimits) -> None:
        self._db = db
        self._links = links
        self._limits = limits

    async def register_upload(
        self, params: AttachmentCreateParams, user_id: str, attachment_id: str
    ) -> Attachment:
        """Make room for a file; the answer says where its bytes are to be sent.

        Raises:
            FileTooLargeError, UnsupportedFileError: it would be refused.
            AttachmentQuotaError: the user has too much already.
            AccountLockedError: the account is being erased.
        """
        if params.size < 1:
            detail = "must be at least 1"
            raise InvalidInputError(
                "The file is empty.", errors=[FieldError("/params/size", detail)]
            )
        _check_size(params.size)
        if not is_declared_type_allowed(params.mime_type):
            msg = f"This kind of file is not taken; {SUPPORTED} are."
            raise UnsupportedFileError(msg)
        attachment = self._new(
            user_id, attachment_id, params.name, media_type(params.mime_type), params.size
        )
        attachment.upload_descriptor = self._links.upload_descriptor(user_id, attachment_id)
        await self._add(attachment, user_id, params.size)
        return self._links.sign_attachment(attachment, user_id)

    async def store_upload(
        self, user_id: str, attachment_id: str, file: UploadedFile
    ) -> Attachment:
        """Store the bytes of an announced file; sent again, they must be the same.

        Raises:
            UnknownResourceError: no such file was announced by this user.
            FileTooLargeError, UnsupportedFileError: it isn't what was announced.
            AttachmentInUseError: it has other bytes already.
        """
        check_id(attachment_id, "attachment")
        _check_size(len(file.content))
        async with transaction_for_active_account(self._db, user_id) as session:
            files = AttachmentRepository(session)
            slot = await files.lock(attachment_id)
            if slot is None:
                raise UnknownResourceError("attachment")
            announced = ATTACHMENT.validate_json(slot.payload)
            if slot.is_uploaded:
                stored = await files.content(attachment_id)
                if stored is None or stored.content != file.content:
                    raise AttachmentInUseError("This attachment has been uploaded already.")
                return self._links.sign_attachment(announced, user_id)
            kind = _check_announced(announced, slot, file)
            attachment = self._new(user_id, attachment_id, announced.name, kind, len(file.content))
            await files.fill(attachment_id, storable_json(attachment), file.content)
        return self._links.sign_attachment(attachment, user_id)

    async def add_file(self, user_id: str, file: UploadedFile) -> Attachment:
        """Take a file in that was not announced.

        Raises:
            FileTooLargeError, UnsupportedFileError: it can't be taken.
            AttachmentQuotaError: the user has too much already.
            AccountLockedError: the account is being erased.
        """
        _check_size(len(file.content))
        name = clean_name(file.name)
        kind = detect_type(file.content, name, file.announced)
        attachment = self._new(user_id, new_id("atc"), name, kind, len(file.content))
        await self._add(attachment, user_id, len(file.content), file.content)
        return self._links.sign_attachment(attachment, user_id)

    async def load_file(self, user_id: str, attachment_id: str) -> FileContent:
        """Return a file.

        Raises:
            UnknownResourceError: this user has no such file, or its bytes have not come yet.
        """
        return await load_file(self._db, user_id, attachment_id)

    async def delete_attachment(self, user_id: str, attachment_id: str) -> None:
        """Delete a file; messages that took it up still name it.

        Raises:
            UnknownResourceError: this user has no such file.
        """
        check_id(attachment_id, "attachment")
        async with transaction_for_active_account(self._db, user_id) as session:
            if not await AttachmentRepository(session).delete(attachment_id):
                raise UnknownResourceError("attachment")

    async def _add(
        self, attachment: Attachment, user_id: str, size_bytes: int, content: bytes | None = None
    ) -> None:
        payload = storable_json(attachment)
        async with self._db.transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock(LOCK_WAIT_S)
            await refuse_erased(session)
            files = AttachmentRepository(session)
            used = await files.usage()
            if used.files >= self._limits.files:
                msg = f"At most {self._limits.files} files are kept; delete some chats with files."
                raise AttachmentQuotaError(msg)
            if used.size_bytes + size_bytes > self._limits.size_bytes:
                megabytes = self._limits.size_bytes // 2**20
                msg = f"At most {megabytes} MB of files are kept; delete some chats with files."
                raise AttachmentQuotaError(msg)
            await files.add(user_id, attachment.id, payload, size_bytes)
            if content is not None:
                await files.fill(attachment.id, payload, content)

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
    async with db.transaction(user_id) as session:
        stored = await AttachmentRepository(session).content(attachment_id)
    if stored is None:
        raise UnknownResourceError("attachment")
    attachment = ATTACHMENT.validate_json(stored.payload)
    return FileContent(attachment.name, attachment.mime_type, stored.content)


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_FILE_BYTES:
        msg = f"Files may have {MAX_FILE_BYTES // 2**20} MB at most."
        raise FileTooLargeError(msg)


def _check_announced(announced: Attachment, slot: FileSlot, file: UploadedFile) -> str:
    if len(file.content) > slot.size_bytes:
        raise UnsupportedFileError("The file is larger than was announced.")
    kind = detect_type(file.content, announced.name, announced.mime_type)
    if is_image(kind) != isinstance(announced, ImageAttachment):
        raise UnsupportedFileError("The file is not of the kind that was announced.")
    return kind
