"""`/internal/assistant`: who answers, as far as a client has to know."""

from litestar import Controller, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from durable_chatkit.settings import ChatSettings
from todochat.contracts.runs import AssistantView
from todochat.identity.service_tokens import ServiceIdentity


class AssistantController(Controller):
    """The assistant; the same for everybody."""

    path = "/internal/assistant"
    tags = ["assistant"]
    security = [{"bearer": []}]

    @get()
    async def describe(
        self,
        caller: NamedDependency[ServiceIdentity],  # noqa: ARG002 - checks the service token
        state: State,
    ) -> AssistantView:
        """Say who answers."""
        settings: ChatSettings = state.settings
        has_model = settings.has_model_server
        is_ours = settings.factory == settings.own_factory
        return AssistantView(
            offline=is_ours and not has_model, dictation=bool(settings.transcription_model)
        )
