"""The loaded and checked object of TODO_AGENT_FACTORY."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from agents import Agent, FunctionTool, Model
from chatkit.server import ChatKitServer

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.mcp_servers import agents_of
from durable_chatkit.agent.model_config import select_api
from durable_chatkit.settings import ChatSettings
from todochat.settings import SettingsError

EntryKind = Literal["agent", "assistant", "workflow", "server"]
ServerSource = ChatKitServer[Any] | type[ChatKitServer[Any]] | Callable[..., ChatKitServer[Any]]

_NOUNS: Final[dict[EntryKind, str]] = {
    "agent": "an Agent",
    "assistant": "an Assistant",
    "workflow": "an exported workflow",
    "server": "a ChatKitServer",
}


class EntryPoint(msgspec.Struct, frozen=True):
    """A loaded entry point.

    Args:
        spec: the setting, `module:attribute`.
        assistant: answers the turns; None for the kind `server`.
        server: for the kind `server`, the adopter's instance, class or factory, not called yet.
    """

    spec: str
    kind: EntryKind
    assistant: Assistant | None = None
    server: ServerSource | None = None

    def check_tools(self, settings: ChatSettings) -> None:
        """Check that the model server's API has the hosted tools of the agent and those below it.

        Raises:
            SettingsError: an agent without a model of its own has one, and the API is Chat Completions.
        """
        agent = self.assistant.agent if self.assistant is not None else None
        has_all = not settings.has_model_server or select_api(settings) == "responses"
        if has_all or not isinstance(agent, Agent):
            return
        for each in agents_of(agent):
            hosted = [
                type(tool).__name__ for tool in each.tools if not isinstance(tool, FunctionTool)
            ]
            if hosted and not isinstance(each.model, Model):
                msg = (
                    f"setting TODO_AGENT_API: {self.spec}: the agent {each.name!r} uses "
                    f"{', '.join(hosted)}, which Chat Completions doesn't have; use responses"
                )
                raise SettingsError(msg)

    def describe(self) -> str:
        """Return a line for logs: the setting and the kind of object it names."""
        return f"{self.spec} is {_NOUNS[self.kind]}"
