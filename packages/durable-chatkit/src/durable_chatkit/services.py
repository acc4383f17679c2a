"""The objects that one API process shares between its requests."""

import msgspec

from durable_chatkit.chat_service import ChatService
from durable_chatkit.chatkit.attachments import AttachmentService
from durable_chatkit.chatkit.history_service import HistoryService
from durable_chatkit.erasure import AccountEraser, AccountGuard


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that handlers use; `lifespan` builds it, handlers get it injected."""

    chat: ChatService
    attachments: AttachmentService
    history: HistoryService
    accounts: AccountGuard
    eraser: AccountEraser
