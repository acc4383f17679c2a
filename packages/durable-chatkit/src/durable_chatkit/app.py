"""Builds the API application from its parts."""

from typing import Final

from litestar import Litestar
from litestar.di import Provide

from durable_chatkit.http.assistant_controller import AssistantController
from durable_chatkit.http.attachment_controller import AttachmentController
from durable_chatkit.http.chatkit_controller import (
    BODY_LIMIT_BYTES,
    ChatKitController,
    provide_caller,
    provide_inbound_request,
)
from durable_chatkit.http.erasure_controller import ChatErasureController
from durable_chatkit.http.history_controller import HistoryController
from durable_chatkit.http.run_controller import RunController
from durable_chatkit.lifespan import check_databases, open_stores
from durable_chatkit.services import Services
from durable_chatkit.settings import ChatSettings
from todochat.http.app import create_app as create_service_app
from todochat.http.dependencies import provide_services
from todochat.http.refusal import refuse_bad_settings

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
            ChatErasureController,
            HistoryController,
            AssistantController,
        ],
        lifespan=[refuse_bad_settings(open_stores)],
        ready_checks={"postgres": check_databases},
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            "inbound": Provide(provide_inbound_request),
            **provide_services(Services),
        },
        body_limit_bytes=BODY_LIMIT_BYTES,
        description=DESCRIPTION,
    )
