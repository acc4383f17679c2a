"""`/api/{user_id}/chat/assistant`: the assistant's capabilities."""

from litestar import Controller, get
from litestar.di import NamedDependency

from chat_gateway.http.agent_paths import named_agent
from chat_gateway.http.documentation import BEARER
from chat_gateway.http.guards import AdmittedRequest, admit_secret, costs
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.services import Services
from chat_gateway.streams.admission import PLAIN_COST
from todochat.contracts.runs import AssistantView
from todochat.http.openapi import problems


class PublicAssistantController(Controller):
    """The assistant of this deployment."""

    path = "/api/{user_id:str}/chat/assistant"
    tags = ["chat"]
    guards = [admit_secret]
    opt = costs(PLAIN_COST)
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @get(responses=problems(401, 403, 429, 503))
    async def describe(
        self, request: AdmittedRequest, services: NamedDependency[Services]
    ) -> AssistantView:
        """Describe the assistant's capabilities, so that a page offers only what works."""
        agent = services.agents[named_agent(request)]
        return await agent.describe_assistant(request.auth.user_id)
