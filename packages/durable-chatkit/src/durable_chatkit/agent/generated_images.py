"""Keeps the images that models generate out of items, frames and journals.

A model sends an image as base64: in previews, in the finished call and again in the completed
answer. openai-chatkit's default converter puts it into items and frames as a `data:` URL. Here both
become references to one stored file: `attachment:<id>` in the journal, a URL of this site in events.
"""

import re
from functools import partial
from typing import Any, Final, cast

import structlog
from agents import TResponseInputItem
from chatkit.types import (
    GeneratedImage,
    GeneratedImageItem,
    GeneratedImageUpdated,
    NoticeEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
)
from openai.types.responses import Response, ResponseOutputItem
from openai.types.responses.response_output_item import ImageGenerationCall

from durable_chatkit.agent.attached_files import REFERENCE, ImageLoader
from durable_chatkit.chatkit.attachment_links import find_attachment_id
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.image_store import ImageStore
from durable_chatkit.errors import AttachmentQuotaError, FileTooLargeError, UnsupportedFileError

_DATA_URL: Final = re.compile(r"data:image/[\w.+-]+;base64,")
_UNUSABLE: Final = (AttachmentQuotaError, FileTooLargeError, UnsupportedFileError)

log = structlog.get_logger(__name__)


class GeneratedImages:
    """Stores the images of one attempt at a run; implements `run_scope.AnswerImages`."""

    def __init__(self, store: ImageStore, context: RequestContext, thread_id: str) -> None:
        self._store = store
        self._context = context
        self._thread_id = thread_id
        self._previews: dict[str, list[str]] = {}

    async def detach(self, response: Response) -> Response:
        """Store an answer's images; return a copy with references in their place.

        An image that can't be stored is left out.
        """
        if not any(isinstance(item, ImageGenerationCall) for item in response.output):
            return response
        output: list[ResponseOutputItem] = []
        for item in response.output:
            if not isinstance(item, ImageGenerationCall) or not item.result:
                output.append(item)
                continue
            try:
                reference = REFERENCE + await self._store.save_image(item.result, self._context)
            except _UNUSABLE as error:
                log.warning("image.not_stored", error=error)
                reference = None
            output.append(item.model_copy(update={"result": reference}))
        return response.model_copy(update={"output": output})

    async def attach(self, response: Response) -> None:
        """Replace the references in a recorded answer by the images."""
        for item in response.output:
            if isinstance(item, ImageGenerationCall) and (item.result or "").startswith(REFERENCE):
                image_id = cast("str", item.result).removeprefix(REFERENCE)
                item.result = await self._store.load_image(image_id, self._context)

    async def load_links(self, items: list[TResponseInputItem]) -> list[TResponseInputItem]:
        """Return model input with images in place of links to them, which only the user can open."""
        load = partial(self._store.load_file, context=self._context)
        return await ImageLoader(load, self._context.user_id).load(items)

    async def store_images(self, event: ThreadStreamEvent) -> list[ThreadStreamEvent]:
        """Return an event with URLs of stored images in place of `data:` URLs.

        An image that can't be stored becomes a notice with the reason; a preview is dropped.
        """
        match event:
            case ThreadItemUpdatedEvent(update=GeneratedImageUpdated() as update):
                image = await self._as_stored(update.image)
                if image is None:
                    return []
                image_id = find_attachment_id(image.url, self._context.user_id)
                if image_id is not None:
                    self._previews.setdefault(event.item_id, []).append(image_id)
                changed = update.model_copy(update={"image": image})
                return [event.model_copy(update={"update": changed})]
            case (
                ThreadItemAddedEvent(item=GeneratedImageItem() as item)
                | ThreadItemDoneEvent(item=GeneratedImageItem() as item)
                | ThreadItemReplacedEvent(item=GeneratedImageItem() as item)
            ) if item.image is not None:
                return await self._store_item(event, item, item.image)
            case _:
                return [event]

    async def _store_item(
        self, event: Any, item: GeneratedImageItem, image: GeneratedImage
    ) -> list[ThreadStreamEvent]:
        try:
            stored = await self._as_stored(image, is_preview=False)
        except _UNUSABLE as error:
            notice = NoticeEvent(level="warning", message=error.detail)
            return [notice, ThreadItemRemovedEvent(item_id=item.id)]
        changed = event.model_copy(update={"item": item.model_copy(update={"image": stored})})
        image_id = None
        if stored is not None:
            image_id = find_attachment_id(stored.url, self._context.user_id)
        if event.type != "thread.item.added" and image_id is not None:
            await self._store.bind_image(self._thread_id, image_id, self._context)
            previews = self._previews.pop(item.id, [])
            if previews:
                await self._store.delete_previews(previews, self._context)
        return [changed]

    async def _as_stored(
        self, image: GeneratedImage, *, is_preview: bool = True
    ) -> GeneratedImage | None:
        head = _DATA_URL.match(image.url)
        if head is None:
            return image
        try:
            image_id = await self._store.save_image(image.url[head.end() :], self._context)
        except _UNUSABLE as error:
            if not is_preview:
                raise
            log.warning("image.preview_dropped", error=error)
            return None
        url = self._store.url_of(image_id, self._context)
        return image.model_copy(update={"url": url})
