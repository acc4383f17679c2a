"""The chat-gateway application: all wiring of its HTTP side."""

from litestar import Litestar

from chat_gateway.http.agent_paths import AgentPaths
from chat_gateway.http.assistant_controller import PublicAssistantController
from chat_gateway.http.attachment_controller import PublicAttachmentController
from chat_gateway.http.chat_controller import ChatController
from chat_gateway.http.history_controller import PublicHistoryController
from chat_gateway.http.run_controller import PublicRunController
from chat_gateway.http.site_controller import SiteController
from chat_gateway.lifespan import check_redis, open_gateway
from chat_gateway.services import Services
from chat_gateway.settings import ChatGatewaySettings
from todochat.http.app import create_app as create_service_app
from todochat.http.dependencies import provide_services


def create_app(settings: ChatGatewaySettings) -> Litestar:
    """Build the application; its lifespan opens all connections.

    Raises:
        SettingsError: a header in CHAT_GATEWAY_FORWARD_HEADERS must not be forwarded, or an entry
            of CHAT_GATEWAY_AGENTS or ASSISTANT_PROMPTS is malformed.
    """
    _ = settings.start_prompts
    app = create_service_app(
        name="chat-gateway",
        settings=settings,
        route_handlers=[
            ChatController,
            PublicRunController,
            PublicAttachmentController,
            PublicHistoryController,
            PublicAssistantController,
            SiteController,
        ],
        lifespan=[open_gateway],
        ready_checks={"redis": check_redis},
        dependencies=provide_services(Services),
        body_limit_bytes=settings.body_limit_bytes,
        cors_headers=settings.forwarded_headers,
        description="Chat with the assistant: ChatKit requests, server-sent events.",
    )
    if agents := settings.agent_urls:
        app.asgi_handler = AgentPaths(app.asgi_handler, agents)
    return app
