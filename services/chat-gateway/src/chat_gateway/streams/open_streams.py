"""The streams that are open in this process; closes those of a session, or all resumable ones."""

from collections.abc import Iterator

from chat_gateway.metrics import SSE_CONNECTIONS
from chat_gateway.streams.stream_format import RECONNECT, UNAUTHORIZED
from chat_gateway.streams.viewer import StreamViewer


class OpenStreams:
    """Every viewer from its first byte to its last."""

    def __init__(self) -> None:
        self._by_sid: dict[str, set[StreamViewer]] = {}
        self._is_draining = False

    def __iter__(self) -> Iterator[StreamViewer]:
        return iter([viewer for viewers in self._by_sid.values() for viewer in viewers])

    def __len__(self) -> int:
        return sum(map(len, self._by_sid.values()))

    @property
    def sids(self) -> list[str]:
        """The sessions that have an open stream."""
        return list(self._by_sid)

    def add(self, viewer: StreamViewer) -> None:
        """Add a viewer; if the process is draining, send a resumable one elsewhere at once."""
        self._by_sid.setdefault(viewer.identity.sid, set()).add(viewer)
        SSE_CONNECTIONS.inc()
        if self._is_draining and viewer.can_reattach:
            viewer.close(RECONNECT)

    def remove(self, viewer: StreamViewer) -> None:
        """Remove a viewer that was added."""
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
        """Ask resumable viewers to reconnect elsewhere; the others may finish."""
        self._is_draining = True
        for viewer in self:
            if viewer.can_reattach:
                viewer.close(RECONNECT)
