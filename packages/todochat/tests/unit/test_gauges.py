"""Gauges that are read from a store at a scrape."""

import asyncio
import math

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from todochat.telemetry.gauges import GaugeSource, StoredGauges
from todochat.telemetry.metrics import BoundedLabel


class Store:
    """Returns a number or fails; counts its reads."""

    def __init__(self) -> None:
        self.gauge = Gauge("todochat_test_number", "For a test.", registry=CollectorRegistry())
        self.asked = 0
        self.is_away = False

    async def read(self) -> None:
        self.asked += 1
        if self.is_away:
            raise ConnectionRefusedError
        self.gauge.set(7)

    @property
    def value(self) -> float:
        (family,) = self.gauge.collect()
        return family.samples[0].value

    def gauges(self, every_s: float) -> StoredGauges:
        gauges = StoredGauges()
        gauges.add(GaugeSource(name="test", read=self.read, gauges=[self.gauge], every_s=every_s))
        return gauges


async def test_concurrent_scrapes_share_one_read() -> None:
    store = Store()
    gauges = store.gauges(every_s=60)

    await asyncio.gather(gauges.refresh(), gauges.refresh(), gauges.refresh())

    assert (store.asked, store.value) == (1, 7)


async def test_gauge_is_nan_until_its_store_is_back() -> None:
    store = Store()
    gauges = store.gauges(every_s=0)

    def failures() -> float:
        labels = {"source": "test"}
        return REGISTRY.get_sample_value("todochat_gauge_failures_total", labels) or 0

    before = failures()
    await gauges.refresh()
    store.is_away = True
    await gauges.refresh()
    away = store.value
    store.is_away = False
    await gauges.refresh()

    assert math.isnan(away)
    assert failures() == before + 1
    assert store.value == 7


def test_bounded_label_limits_its_values() -> None:
    label = BoundedLabel(most=2)

    assert [label(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]
