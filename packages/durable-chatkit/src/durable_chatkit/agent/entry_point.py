"""What TODO_AGENT_FACTORY names, after it was loaded and checked."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from chatkit.server import ChatKitServer

from durable_chatkit.agent.assistant import Assistant

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

    def describe(self) -> str:
        """Return a line for logs: the setting and the kind of object it names."""
        return f"{self.spec} is {_NOUNS[self.kind]}"
