"""Wires the api: the only file that knows all of its parts."""

from typing import Final

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from durable_chatkit.chatkit.attachments import AttachmentService
from durable_chatkit.chatkit.history_service import HistoryService
from durable_chatkit.erasure import AccountEraser
from durable_chatkit.http.assistant_controller import AssistantController
from durable_chatkit.http.attachment_controller import AttachmentController
from durable_chatkit.http.chatkit_controller import ChatKitController
from durable_chatkit.http.erasure_controller import ErasureController
from durable_chatkit.http.history_controller import HistoryController
from durable_chatkit.http.inbound_request import (
    BODY_LIMIT_BYTES,
    provide_caller,
    provide_inbound_request,
)
from durable_chatkit.http.run_controller import RunController
from durable_chatkit.lifespan import check_databases, open_stores
from durable_chatkit.service import ChatService
from durable_chatkit.settings import ChatSettings
from todochat.http.app import create_app as create_service_app

DESCRIPTION: Final = (
    "Threads, items and runs. Internal: chat-gateway calls it with a service token that names the"
    " user."
)


def create_app(settings: ChatSettings) -> Litestar:
    """Build the application."""
    return create_service_app(
        name=f"{settings.service_name}-api",
        settings=settings,
        route_handlers=[
            ChatKitController,
            RunController,
            AttachmentController,
            ErasureController,
            HistoryController,
            AssistantController,
        ],
        lifespan=[open_stores],
        ready_checks={"postgres": check_databases},
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            "arrival": Provide(provide_inbound_request),
            "chat_service": Provide(_chat_service, sync_to_thread=False),
            "attachment_service": Provide(_attachment_desk, sync_to_thread=False),
            "eraser": Provide(_eraser, sync_to_thread=False),
            "history_service": Provide(_history_desk, sync_to_thread=False),
        },
        body_limit_bytes=BODY_LIMIT_BYTES,
        description=DESCRIPTION,
    )


def _chat_service(state: State) -> ChatService:
    service: ChatService = state.chat_service
    return service


def _attachment_desk(state: State) -> AttachmentService:
    desk: AttachmentService = state.attachment_service
    return desk


def _eraser(state: State) -> AccountEraser:
    eraser: AccountEraser = state.eraser
    return eraser


def _history_desk(state: State) -> HistoryService:
    desk: HistoryService = state.history_service
    return desk
