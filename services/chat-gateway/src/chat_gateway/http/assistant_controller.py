"""`/api/{user_id}/chat/assistant`: who answers."""

from typing import Any

from litestar import Controller, Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from chat_gateway.http.documentation import BEARER
from chat_gateway.http.guards import require_own_secret
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.service import ChatService
from todochat.contracts.runs import AssistantView
from todochat.http.openapi import problems
from todochat.identity.tokens import Identity

OwnRequest = Request[Any, Identity, State]


class AssistantController(Controller):
    """The assistant of this deployment."""

    path = "/api/{user_id:str}/chat/assistant"
    tags = ["chat"]
    guards = [require_own_secret]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(responses=problems(401, 403, 429, 503))
    async def describe(
        self, request: OwnRequest, service: NamedDependency[ChatService]
    ) -> AssistantView:
        """Say who answers, so that a page can offer what works and say what doesn't."""
        return await service.describe_assistant(request.auth)
