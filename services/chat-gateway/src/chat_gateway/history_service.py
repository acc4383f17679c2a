"""What the gateway does with the history of a verified user: pass it on, within the limits."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from chat_gateway.clients.agent_client import PlainAnswer
from chat_gateway.clients.history_client import Download, HistoryClient
from chat_gateway.streams.admission import Admission
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.identity.tokens import Identity

# An export reads all there is, so it weighs as much as sending a message.
_EXPORT_KIND: Final = "turn"
MAX_EXPORTS: Final = 2  # of one user in one process; each holds a connection to todo-agent


class HistoryService:
    """One method per use case."""

    def __init__(self, history: HistoryClient, admission: Admission) -> None:
        self._history = history
        self._admission = admission
        self._exports = ConcurrencyLimit(MAX_EXPORTS, "exports")

    async def search(self, identity: Identity, params: Mapping[str, str]) -> PlainAnswer:
        """Return a page of what was found.

        Raises:
            ServiceError: it is refused, here or there.
        """
        await self._admission.admit(identity, "request", opens_stream=False)
        return await self._history.search(identity.user_id, params)

    async def export(self, identity: Identity) -> AsyncGenerator[bytes, None]:
        """Begin to read all of the user's chats and return the document in chunks.

        Raises:
            ServiceError: it is refused, here or by todo-agent.
        """
        await self._admission.admit(identity, _EXPORT_KIND, opens_stream=False)
        self._exports.check(identity.user_id)
        return self._chunks(identity.user_id, await self._history.export(identity.user_id))

    async def _chunks(self, user_id: str, download: Download) -> AsyncGenerator[bytes, None]:
        try:
            with self._exports.hold(user_id):
                async for chunk in download.chunks():
                    yield chunk
        finally:
            await download.aclose()
