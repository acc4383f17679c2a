"""Requests that this server answers by itself, where openai-chatkit only has a place for them."""

from chatkit.types import AttachmentsCreateReq, AttachmentsDeleteReq

from todo_agent.chatkit.attachments import AttachmentDesk
from todo_agent.chatkit.context import RequestContext
from todo_agent.chatkit.wire import to_json

DirectReq = AttachmentsCreateReq | AttachmentsDeleteReq


class DirectAnswers:
    """Answers what is about files."""

    def __init__(self, attachments: AttachmentDesk) -> None:
        self._attachments = attachments

    async def answer(self, request: DirectReq, context: RequestContext) -> bytes:
        """Answer as JSON.

        Raises:
            ServiceError: it is refused; see `AttachmentDesk`.
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
