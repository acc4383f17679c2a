"""The attachment store that a hosted server gets unless it has one of its own."""

from typing import Any, Protocol

from chatkit.store import AttachmentStore
from chatkit.types import Attachment, AttachmentCreateParams
from typing_extensions import override

from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import FeatureUnavailableError
from durable_chatkit.hosting.context import find_link


class UploadRegistry(Protocol):
    """Registers files before their upload; see `AttachmentService`."""

    async def register_upload(
        self, params: AttachmentCreateParams, user_id: str, attachment_id: str
    ) -> Attachment:
        """Return the attachment with the URL for its upload."""

    async def delete_attachment(self, user_id: str, attachment_id: str) -> None:
        """Delete a file."""


class HostedAttachmentStore(AttachmentStore[Any]):
    """Files in PostgreSQL, with the limits and links of the product.

    Args:
        uploads: None in a worker, which can only read files.
    """

    def __init__(self, store: PostgresStore, uploads: UploadRegistry | None) -> None:
        self._store = store
        self._uploads = uploads

    @override
    async def create_attachment(self, input: AttachmentCreateParams, context: Any) -> Attachment:
        """Register a file.

        Raises:
            FeatureUnavailableError: called in a worker.
            ServiceError: the file is too large, of another type, or exceeds the user's quota.
        """
        request = find_link(context).request
        if self._uploads is None:
            raise FeatureUnavailableError("Only requests can add files, not runs.")
        attachment_id = request.ids.next_id("attachment")
        return await self._uploads.register_upload(input, request.user_id, attachment_id)

    @override
    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        """Delete a file; a message that uses it keeps its name."""
        request = find_link(context).request
        if self._uploads is None:
            await self._store.delete_attachment(attachment_id, request)
        else:
            await self._uploads.delete_attachment(request.user_id, attachment_id)

    async def read_file(self, attachment_id: str, context: Any) -> tuple[Attachment, bytes]:
        """Return a file with its metadata; OpenAI's samples have such a method.

        Raises:
            UnknownResourceError: the file was deleted or never uploaded.
        """
        request = find_link(context).request
        attachment = await self._store.load_attachment(attachment_id, request)
        return attachment, (await self._store.load_file(attachment_id, request)).content
