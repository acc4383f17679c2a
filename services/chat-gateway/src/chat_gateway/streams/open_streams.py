"""The streams this process has open, and what closes many of them at once."""

from collections.abc import Iterator

from chat_gateway.metrics import SSE_CONNECTIONS
from chat_gateway.streams.stream_format import RECONNECT, UNAUTHORIZED
from chat_gateway.streams.viewer import Viewer


class OpenStreams:
    """Every viewer from its first byte to its last."""

    def __init__(self) -> None:
        self._by_sid: dict[str, set[Viewer]] = {}
        self._is_draining = False

    def __iter__(self) -> Iterator[Viewer]:
        return iter([viewer for viewers in self._by_sid.values() for viewer in viewers])

    def __len__(self) -> int:
        return sum(map(len, self._by_sid.values()))

    @property
    def sids(self) -> list[str]:
        """The sessions that have a stream open."""
        return list(self._by_sid)

    def add(self, viewer: Viewer) -> None:
        """Take a viewer in; in a draining process it is asked to go on elsewhere at once."""
        self._by_sid.setdefault(viewer.identity.sid, set()).add(viewer)
        SSE_CONNECTIONS.inc()
        if self._is_draining and viewer.can_resume:
            viewer.close(RECONNECT)

    def remove(self, viewer: Viewer) -> None:
        """Forget a viewer that was added."""
        viewers = self._by_sid[viewer.identity.sid]
        viewers.remove(viewer)
        if not viewers:
            del self._by_sid[viewer.identity.sid]
        SSE_CONNECTIONS.dec()

    def close_session(self, sid: str) -> None:
        """Close all streams of a session that was signed out."""
        for viewer in self._by_sid.get(sid, ()):
            viewer.close(UNAUTHORIZED)

    async def drain(self) -> None:
        """Ask the viewers that can go on elsewhere to do so; the others may stay to the end."""
        self._is_draining = True
        for viewer in self:
            if viewer.can_resume:
                viewer.close(RECONNECT)
