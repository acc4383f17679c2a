"""Gauges that a store has to be asked for, at a scrape and not more often than they are worth it.

Every process of a service says the same, since it asks the same store: queries take the `max`,
never the sum. What can't be told in time becomes NaN: an old value would look like a quiet system.
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
    """What reads some gauges.

    Args:
        name: of the source, a label.
        read: asks the store and sets the gauges.
        gauges: those it sets, or the children it sets; unknown, they are not a number.
        every_s: for how long what was read is good enough.
    """

    name: str
    read: Callable[[], Awaitable[None]]
    gauges: Sequence[Gauge]
    every_s: float = 5.0


class StoredGauges:
    """The sources of a process."""

    def __init__(self) -> None:
        self._sources: list[GaugeSource] = []
        self._read_at: dict[str, float] = {}
        self._reading = asyncio.Lock()

    def add(self, source: GaugeSource) -> None:
        """Have a source read at scrapes."""
        self._sources.append(source)

    async def refresh(self) -> None:
        """Read what is too old; two scrapes at a time read once."""
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
        except Exception as error:  # noqa: BLE001 - whatever it is, the scrape goes on without
            GAUGE_FAILURES.labels(source.name).inc()
            log.warning("gauges.read_failed", source=source.name, error=error)
            for gauge in source.gauges:
                gauge.set(math.nan)
