"""Requests that this server answers by itself, where openai-chatkit only has a place for them."""

from chatkit.types import AttachmentsCreateReq, AttachmentsDeleteReq, InputTranscribeReq

from durable_chatkit.chatkit.attachments import AttachmentService
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.dictation import Dictation
from durable_chatkit.chatkit.wire import to_json

DirectReq = AttachmentsCreateReq | AttachmentsDeleteReq | InputTranscribeReq


class DirectAnswers:
    """Answers what is about files and dictation."""

    def __init__(self, attachments: AttachmentService, dictation: Dictation) -> None:
        self._attachments = attachments
        self._dictation = dictation

    async def answer(self, request: DirectReq, context: RequestContext) -> bytes:
        """Answer as JSON.

        Raises:
            ServiceError: it is refused; see `AttachmentService` and `Dictation`.
        """
        match request:
            case AttachmentsCreateReq():
                attachment_id = context.ids.next("attachment")
                attachment = await self._attachments.announce(
                    request.params, context.user_id, attachment_id
                )
                return to_json(attachment)
            case AttachmentsDeleteReq():
                await self._attachments.delete(context.user_id, request.params.attachment_id)
                return b"{}"
            case InputTranscribeReq():
                return to_json(await self._dictation.transcribe(request.params))
