"""Gauges whose values are read from a store, at a scrape and at most every few seconds.

Every process of a service reports the same values from the same store: queries take the `max`,
never the sum. After a timeout a value becomes NaN: an old one would look like a quiet system.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog
from prometheus_client import Gauge

from todochat.telemetry.metrics import GAUGE_FAILURES

READ_TIMEOUT_S: Final = 2.0

log = structlog.get_logger(__name__)


class GaugeSource(msgspec.Struct, frozen=True, kw_only=True):
    """Reads gauges from a store.

    Args:
        name: label of the source.
        read: queries the store and sets the gauges.
        gauges: the gauges or children it sets; NaN while unknown.
        every_s: minimum time between two reads.
    """

    name: str
    read: Callable[[], Awaitable[None]]
    gauges: Sequence[Gauge]
    every_s: float = 5.0


class StoredGauges:
    """The gauge sources of a process."""

    def __init__(self) -> None:
        self._sources: list[GaugeSource] = []
        self._read_at: dict[str, float] = {}
        self._reading = asyncio.Lock()

    def add(self, source: GaugeSource) -> None:
        """Add a source to be read at scrapes."""
        self._sources.append(source)

    async def refresh(self) -> None:
        """Read outdated sources; concurrent scrapes share one read."""
        async with self._reading:
            now = time.monotonic()
            due = [
                source
                for source in self._sources
                if now - self._read_at.get(source.name, float("-inf")) >= source.every_s
            ]
            await asyncio.gather(*(self._read(source) for source in due))

    async def _read(self, source: GaugeSource) -> None:
        self._read_at[source.name] = time.monotonic()
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                await source.read()
        except Exception as error:  # noqa: BLE001 - any error leaves the scrape without this source
            GAUGE_FAILURES.labels(source.name).inc()
            log.warning("gauges.read_failed", source=source.name, error=error)
            for gauge in source.gauges:
                gauge.set(math.nan)
