"""Links to attachments, created on each read; stored attachments contain no signatures."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from chatkit.types import (
    Attachment,
    AttachmentUploadDescriptor,
    GeneratedImage,
    GeneratedImageItem,
    GeneratedImageUpdated,
    ImageAttachment,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    UserMessageItem,
)
from pydantic import AnyUrl

from todochat.contracts.uploads import LinkSigner

UPLOAD_METHOD: Final = "POST"
_CONTENT_PATH: Final = re.compile(r"/api/([^/]+)/chat/attachments/([\w-]+)/content", re.ASCII)


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
        return AnyUrl(f"{self._public_url}/api/{user_id}/chat/attachments/{attachment_id}/content")

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
        if find_attachment_id(str(attachment.preview_url), user_id) != attachment.id:
            return attachment
        query = self._signer.query(user_id, attachment.id)
        url = AnyUrl(f"{self.content_url(user_id, attachment.id)}?{query}")
        return attachment.model_copy(update={"preview_url": url})

    def sign_item(self, item: ThreadItem, user_id: str) -> ThreadItem:
        """Sign the links to files and generated images in an item, in place."""
        match item:
            case UserMessageItem() if item.attachments:
                item.attachments = [
                    self.sign_attachment(each, user_id) for each in item.attachments
                ]
            case GeneratedImageItem() if item.image is not None:
                item.image = self._sign_image(item.image, user_id)
        return item

    def sign_event(self, event: ThreadStreamEvent, user_id: str) -> ThreadStreamEvent:
        """Return an event with signed links to generated images; events store no signatures."""
        match event:
            case (
                ThreadItemDoneEvent(item=GeneratedImageItem() as item)
                | ThreadItemReplacedEvent(item=GeneratedImageItem() as item)
            ):
                signed = self.sign_item(item.model_copy(), user_id)
                return event.model_copy(update={"item": signed})
            case ThreadItemUpdatedEvent(update=GeneratedImageUpdated() as update):
                image = self._sign_image(update.image, user_id)
                changed = update.model_copy(update={"image": image})
                return event.model_copy(update={"update": changed})
            case _:
                return event

    def _sign_image(self, image: GeneratedImage, user_id: str) -> GeneratedImage:
        attachment_id = find_attachment_id(image.url, user_id)
        if attachment_id is None:
            return image
        query = self._signer.query(user_id, attachment_id)
        url = f"{self.content_url(user_id, attachment_id)}?{query}"
        return image.model_copy(update={"url": url})


def find_attachment_id(url: str, user_id: str) -> str | None:
    """Return the id of the file at a URL, None if it isn't the URL of a file of this user.

    The host doesn't count: an installation may have moved since the URL was stored.
    """
    found = _CONTENT_PATH.fullmatch(unquote(urlsplit(url).path))
    return found[2] if found is not None and found[1] == user_id else None
