"""Answers requests that start no run with a hosted server, so that overridden methods apply."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.store import NotFoundError as ChatKitNotFoundError
from chatkit.types import (
    AttachmentsCreateReq,
    AttachmentsDeleteReq,
    InputTranscribeReq,
    ItemsFeedbackReq,
    NonStreamingReq,
    SyncCustomActionResponse,
    ThreadsDeleteReq,
    ThreadsSyncCustomActionReq,
    WidgetItem,
)

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.encoding import encode_for_client
from durable_chatkit.chatkit.private_api import process_non_streaming
from durable_chatkit.chatkit.rows import as_utc
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import ActionFailedError, ActionRefusedError, UnknownResourceError
from durable_chatkit.hosting.attachments import HostedAttachmentStore
from durable_chatkit.hosting.context import current_request, make_context
from todochat.errors import (
    BadRequestError,
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    ServiceError,
    TooManyRequestsError,
)

# Web frameworks' exceptions have a `status_code` and a `detail`; a server may raise them.
_ERRORS_BY_STATUS: Final[dict[int, type[ServiceError]]] = {
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: InvalidInputError,
    429: TooManyRequestsError,
}
_CLIENT_ERRORS: Final = range(400, 500)

log = structlog.get_logger(__name__)


class HostedRequests:
    """Answers requests with an adopter's server.

    Args:
        server: as built by `build_server`.
        store: the store below the server's.
    """

    def __init__(self, server: ChatKitServer[Any], store: PostgresStore) -> None:
        self._server = server
        self._store = store
        self.transcribes = _overrides(server, "transcribe")

    def answers(self, request: NonStreamingReq) -> bool:
        """Return whether the server answers a request; otherwise the product does.

        A synchronous action that the server doesn't handle is a run of its `action`.
        """
        match request:
            case AttachmentsCreateReq() | AttachmentsDeleteReq():
                return not isinstance(self._server.attachment_store, HostedAttachmentStore)
            case InputTranscribeReq():
                return self.transcribes
            case ThreadsSyncCustomActionReq():
                return _overrides(self._server, "sync_action")
            case ThreadsDeleteReq():  # stops the thread's runs, too
                return False
            case _:
                return True

    async def answer(self, request: NonStreamingReq, request_context: RequestContext) -> bytes:
        """Return the response as JSON.

        Raises:
            ServiceError: the server has refused the request.
            Exception: any other exception of the server.
        """
        is_action = isinstance(request, ThreadsSyncCustomActionReq)
        context = make_context(self._server, request_context, for_client=not is_action)
        with current_request(request_context, for_client=not is_action), _service_errors():
            match request:
                case ThreadsSyncCustomActionReq():
                    return await self._run_action(request, request_context, context)
                case ItemsFeedbackReq():
                    params = request.params
                    await self._store.save_feedback(
                        params.thread_id, params.item_ids, params.kind, request_context
                    )
                    await self._server.add_feedback(
                        params.thread_id, params.item_ids, params.kind, context
                    )
                    return b"{}"
                case _:
                    return await process_non_streaming(self._server, request, context)

    async def _run_action(
        self,
        request: ThreadsSyncCustomActionReq,
        request_context: RequestContext,
        context: Any,
    ) -> bytes:
        """Call `sync_action`, and store the widget that it returns, which the viewer sees from now on."""
        params = request.params
        thread = await self._server.store.load_thread(params.thread_id, context)
        sender: WidgetItem | None = None
        if params.item_id is not None:
            item = await self._server.store.load_item(params.thread_id, params.item_id, context)
            if not isinstance(item, WidgetItem):
                errors = [FieldError("/params/item_id", "is not a widget")]
                raise InvalidInputError("The item is not a widget.", errors=errors)
            sender = item
        try:
            response = await self._server.sync_action(thread, params.action, sender, context)
        except CustomStreamError as error:
            failed = ActionFailedError if error.allow_retry else ActionRefusedError
            raise failed(error.message) from error
        updated = response.updated_item
        if updated is None:
            return encode_for_client(response)
        stored = updated.model_copy(update={"created_at": as_utc(updated.created_at)})
        await self._store.save_item(params.thread_id, stored, request_context)
        return encode_for_client(SyncCustomActionResponse(updated_item=stored))


def _overrides(server: ChatKitServer[Any], method: str) -> bool:
    """Return whether a server has an implementation of a method of its own."""
    is_inherited = getattr(type(server), method) is getattr(ChatKitServer, method)
    return method in vars(server) or not is_inherited


@contextmanager
def _service_errors() -> Iterator[None]:
    """Convert exceptions that mean a client's mistake; others stay and become internal errors."""
    try:
        yield
    except ServiceError:
        raise
    except ChatKitNotFoundError as error:
        raise UnknownResourceError("resource") from error
    except Exception as error:
        status: Any = getattr(error, "status_code", None)
        # A model client's errors have a status, too, but it is about our request, not the user's.
        if status not in _CLIENT_ERRORS or not hasattr(error, "detail"):
            raise
        detail = str(error.detail or error)
        raise _ERRORS_BY_STATUS.get(status, BadRequestError)(detail) from error
