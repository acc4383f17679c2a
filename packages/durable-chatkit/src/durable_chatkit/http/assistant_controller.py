"""`/internal/assistant`: properties of the assistant that clients need."""

from litestar import Controller, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from durable_chatkit.services import Services
from durable_chatkit.settings import ChatSettings
from todochat.contracts.runs import AssistantView
from todochat.identity.service_tokens import ServiceIdentity


class AssistantController(Controller):
    """Describes the assistant; the response is the same for all users."""

    path = "/internal/assistant"
    tags = ["assistant"]
    security = [{"bearer": []}]

    @get()
    async def describe(
        self,
        caller: NamedDependency[ServiceIdentity],  # noqa: ARG002 - verifies the service token
        state: State,
        services: NamedDependency[Services],
    ) -> AssistantView:
        """Return whether the assistant is the offline one, and whether dictation is available."""
        settings: ChatSettings = state.settings
        has_model = settings.has_model_server
        is_own = settings.factory == settings.own_factory
        return AssistantView(
            offline=is_own and not has_model, dictation=services.chat.has_dictation
        )
