"""Links to attachments, created on each read; stored attachments contain no signatures."""

from typing import Final

from chatkit.types import (
    Attachment,
    AttachmentUploadDescriptor,
    ImageAttachment,
    ThreadItem,
    UserMessageItem,
)
from pydantic import AnyUrl

from todochat.contracts.uploads import LinkSigner

UPLOAD_METHOD: Final = "POST"


class AttachmentLinks:
    """Creates links for one installation.

    Args:
        public_url: base URL of the site, as opened in a browser.
    """

    def __init__(self, public_url: str, signer: LinkSigner) -> None:
        self._public_url = public_url.rstrip("/")
        self._signer = signer

    def content_url(self, user_id: str, attachment_id: str) -> AnyUrl:
        """Return the URL of an attachment's bytes, which requires a client secret."""
        return AnyUrl(self._public_url + _content_path(user_id, attachment_id))

    def upload_descriptor(self, user_id: str, attachment_id: str) -> AttachmentUploadDescriptor:
        """Return the method and URL for uploading the bytes, which requires a client secret."""
        url = self.content_url(user_id, attachment_id)
        return AttachmentUploadDescriptor(url=url, method=UPLOAD_METHOD)

    def sign_attachment(self, attachment: Attachment, user_id: str) -> Attachment:
        """Return an attachment whose preview URL works in an `<img>` for the next hour.

        An adopter's attachment store has URLs of its own, which stay as they are.
        """
        if not isinstance(attachment, ImageAttachment):
            return attachment
        path = attachment.preview_url.path or ""
        if not path.endswith(_content_path(user_id, attachment.id)):
            return attachment
        query = self._signer.query(user_id, attachment.id)
        url = AnyUrl(f"{self.content_url(user_id, attachment.id)}?{query}")
        return attachment.model_copy(update={"preview_url": url})

    def sign_item(self, item: ThreadItem, user_id: str) -> ThreadItem:
        """Sign the attachments of a user message in place; other items have no attachments."""
        if isinstance(item, UserMessageItem) and item.attachments:
            item.attachments = [self.sign_attachment(each, user_id) for each in item.attachments]
        return item


def _content_path(user_id: str, attachment_id: str) -> str:
    return f"/api/{user_id}/chat/attachments/{attachment_id}/content"
