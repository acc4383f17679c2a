"""What the gateway does with the history of a verified user: pass it on, within the limits."""

from collections.abc import Mapping
from typing import Final

from chat_gateway.clients.agent_client import PlainAnswer
from chat_gateway.clients.history_client import Download, HistoryClient
from chat_gateway.streams.admission import Admission
from todochat.tokens import Identity

# An export reads all there is, so it weighs as much as sending a message.
_EXPORT_KIND: Final = "turn"


class HistoryService:
    """One method per use case."""

    def __init__(self, history: HistoryClient, admission: Admission) -> None:
        self._history = history
        self._admission = admission

    async def search(self, identity: Identity, params: Mapping[str, str]) -> PlainAnswer:
        """Return a page of what was found.

        Raises:
            ServiceError: it is refused, here or there.
        """
        await self._admission.admit(identity, "request", opens_stream=False)
        return await self._history.search(identity.user_id, params)

    async def export(self, identity: Identity) -> Download:
        """Begin to read everything of the user; whoever gets it closes it.

        Raises:
            ServiceError: it is refused, here or there.
        """
        await self._admission.admit(identity, _EXPORT_KIND, opens_stream=False)
        return await self._history.export(identity.user_id)
