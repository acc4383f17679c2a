"""The chat-gateway application: all wiring of its HTTP side."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from chat_gateway.file_service import FileService
from chat_gateway.history_service import HistoryService
from chat_gateway.http.assistant_controller import AssistantController
from chat_gateway.http.attachment_controller import AttachmentController
from chat_gateway.http.chat_controller import ChatController
from chat_gateway.http.history_controller import HistoryController
from chat_gateway.http.run_controller import RunController
from chat_gateway.lifespan import check_redis, open_gateway
from chat_gateway.service import ChatService
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.relay import Relay
from todochat.http.app import create_app as create_service_app


def create_app(settings: ChatGatewaySettings) -> Litestar:
    """Build the application; nothing is opened before it starts."""
    return create_service_app(
        name="chat-gateway",
        settings=settings,
        route_handlers=[
            ChatController,
            RunController,
            AttachmentController,
            HistoryController,
            AssistantController,
        ],
        lifespan=[open_gateway],
        ready_checks={"redis": check_redis},
        dependencies={
            "service": Provide(_provide_service, sync_to_thread=False),
            "file_service": Provide(_provide_file_service, sync_to_thread=False),
            "history_service": Provide(_provide_history_service, sync_to_thread=False),
            "relay": Provide(_provide_relay, sync_to_thread=False),
        },
        body_limit_bytes=settings.body_limit_bytes,
        description="Chat with the assistant: ChatKit requests, server-sent events.",
    )


def _provide_service(state: State) -> ChatService:
    service: ChatService = state.service
    return service


def _provide_file_service(state: State) -> FileService:
    service: FileService = state.file_service
    return service


def _provide_history_service(state: State) -> HistoryService:
    service: HistoryService = state.history_service
    return service


def _provide_relay(state: State) -> Relay:
    relay: Relay = state.relay
    return relay
