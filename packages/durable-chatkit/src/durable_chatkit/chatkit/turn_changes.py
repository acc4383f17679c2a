"""Changes that each streaming request makes to its thread at acceptance, before any model call."""

from datetime import datetime
from typing import Final

import msgspec
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    StreamingReq,
    StructuredInputItem,
    ThreadItem,
    ThreadsAddClientToolOutputReq,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsRetryAfterItemReq,
    UserMessageInput,
    UserMessageItem,
    WidgetItem,
)
from pydantic import TypeAdapter

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.encoding import storable_json
from durable_chatkit.chatkit.paging import check_id
from durable_chatkit.chatkit.private_api import Server, apply_structured_input
from durable_chatkit.chatkit.rows import decode_items, encode_item
from durable_chatkit.errors import AttachmentInUseError, NotPendingError, UnknownResourceError
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.item_repository import ItemRepository
from durable_chatkit.storage.run import TurnRecord
from todochat.database.sql_transaction import SqlExecutor
from todochat.errors import FieldError, InvalidInputError

LOOK_BACK_ITEMS: Final = 50  # far more than follow a pending client tool call
ACCEPTED_STEP: Final = "accepted"  # differs from the steps in which a worker generates ids

_ATTACHMENT: Final[TypeAdapter[Attachment]] = TypeAdapter(Attachment)
_ENDS_SEARCH: Final = (ClientToolCallItem, UserMessageItem, AssistantMessageItem)


class PreparedTurn(msgspec.Struct, frozen=True):
    """Changes made to the thread, as input for the worker.

    Args:
        message: JSON of the user's message, still to be written together with the run.
    """

    record: TurnRecord
    user_message_id: str | None = None
    message: str | None = None


class TurnChanges:
    """Applies the changes of one request inside acceptance's transaction.

    Args:
        accepted_at: later than every item of the thread.
    """

    def __init__(
        self,
        session: SqlExecutor,
        server: Server,
        thread_id: str,
        context: RequestContext,
        accepted_at: datetime,
    ) -> None:
        self._acceptance = AcceptanceRepository(session, context.user_id)
        # Acceptance has found the thread among those of its agent.
        self._items = ItemRepository(session, agent=None)
        self._server = server
        self._thread_id = thread_id
        self._context = context
        self._accepted_at = accepted_at

    async def apply(self, request: StreamingReq) -> PreparedTurn:
        """Apply a request to the thread.

        Raises:
            UnknownResourceError: a referenced item or attachment doesn't exist.
            NotPendingError: the item isn't waiting for this input.
            InvalidInputError: the item has the wrong type, or an attachment isn't uploaded yet.
            AttachmentInUseError: an attachment belongs to another thread.
        """
        match request:
            case ThreadsCreateReq():
                return await self._add_message(TurnRecord(new_thread=True), request.params.input)
            case ThreadsAddUserMessageReq():
                return await self._add_message(TurnRecord(), request.params.input)
            case ThreadsAddClientToolOutputReq():
                return await self._add_tool_output(request)
            case ThreadsAddStructuredInputReq():
                return await self._add_structured_input(request)
            case ThreadsRetryAfterItemReq():
                item = await self._load_item(request.params.item_id)
                if not isinstance(item, UserMessageItem):
                    raise _wrong_item("is not a user message")
                removed = await self._acceptance.delete_items_after(
                    self._thread_id, item.id, item.created_at
                )
                return PreparedTurn(TurnRecord(removed_item_ids=removed), item.id)
            case ThreadsCustomActionReq():
                item_id = request.params.item_id
                if item_id is not None and not isinstance(
                    await self._load_item(item_id), WidgetItem
                ):
                    raise _wrong_item("is not a widget")
                return PreparedTurn(TurnRecord(sender_item_id=item_id))

    async def _add_message(self, record: TurnRecord, message: UserMessageInput) -> PreparedTurn:
        ids = message.attachments
        for attachment_id in ids:
            check_id(attachment_id, "attachment")
        found = await self._acceptance.bind_attachments(self._thread_id, ids) if ids else {}
        missing = set(ids) - found.keys()
        if missing:
            match await self._acceptance.find_unusable_reason(sorted(missing)):
                case "taken":
                    raise AttachmentInUseError("This attachment belongs to another thread.")
                case "not-uploaded":
                    detail = "is not uploaded yet"
                    errors = [FieldError("/params/input/attachments", detail)]
                    msg = f"The attachment {detail}."
                    raise InvalidInputError(msg, errors=errors)
                case None:
                    raise UnknownResourceError("attachment")
        item = UserMessageItem(
            id=self._context.ids.derive_id("msg", ACCEPTED_STEP, 0),
            thread_id=self._thread_id,
            created_at=self._accepted_at,
            content=message.content,
            attachments=[_ATTACHMENT.validate_json(found[attachment_id]) for attachment_id in ids],
            quoted_text=message.quoted_text,
            inference_options=message.inference_options,
        )
        return PreparedTurn(record, item.id, storable_json(item))

    async def _add_tool_output(self, request: ThreadsAddClientToolOutputReq) -> PreparedTurn:
        # No message may follow the call, but hidden context and widgets, which actions add, may.
        rows = await self._items.list_items(self._thread_id, None, LOOK_BACK_ITEMS, "desc")
        items = decode_items([row.payload for row in rows])
        call = next((item for item in items if isinstance(item, _ENDS_SEARCH)), None)
        if not isinstance(call, ClientToolCallItem) or call.status != "pending":
            msg = "The thread's last turn has no client tool call waiting for its output."
            raise NotPendingError(msg)
        call.output = request.params.result
        call.status = "completed"
        await self._items.upsert_item(encode_item(self._thread_id, call, self._context))
        await self._acceptance.delete_other_pending_calls(self._thread_id, call.id)
        return PreparedTurn(TurnRecord())

    async def _add_structured_input(self, request: ThreadsAddStructuredInputReq) -> PreparedTurn:
        item = await self._load_item(request.params.item_id)
        if not isinstance(item, StructuredInputItem):
            raise _wrong_item("is not a structured input")
        if item.status != "pending":
            msg = "This input has already been answered or skipped."
            raise NotPendingError(msg)
        answered = await apply_structured_input(self._server, item, request.params.input)
        await self._items.upsert_item(encode_item(self._thread_id, answered, self._context))
        return PreparedTurn(TurnRecord(replaced_item_id=answered.id))

    async def _load_item(self, item_id: str) -> ThreadItem:
        check_id(item_id, "item")
        row = await self._items.load_item(self._thread_id, item_id)
        if row is None:
            raise UnknownResourceError("item")
        return decode_items([row.payload])[0]


def _wrong_item(detail: str) -> InvalidInputError:
    return InvalidInputError(f"The item {detail}.", errors=[FieldError("/params/item_id", detail)])
