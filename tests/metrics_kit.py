"""Every metric that the code registers, with its module's description."""

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from prometheus_client.metrics import MetricWrapperBase

MODULES = (
    "todochat.telemetry.metrics",
    "auth_session.metrics",
    "tasks_service.metrics",
    "chat_gateway.metrics",
    "durable_chatkit.metrics",
)
UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_ratio": "ratio"}
# Labels that Prometheus adds to each sample of a target.
TARGET_LABELS = frozenset({"job", "instance"})


class Metric(NamedTuple):
    """One metric; a counter's name ends with `_total`, a histogram's has no suffix."""

    name: str
    kind: str
    labels: frozenset[str]

    @property
    def unit(self) -> str:
        base = self.name.removesuffix("_total")
        return next((unit for suffix, unit in UNITS.items() if base.endswith(suffix)), "count")

    @property
    def samples(self) -> dict[str, frozenset[str]]:
        """The names that queries use, each with its labels."""
        if self.kind != "histogram":
            return {self.name: self.labels | TARGET_LABELS}
        labels = self.labels | TARGET_LABELS
        return {
            f"{self.name}_bucket": labels | {"le"},
            f"{self.name}_sum": labels,
            f"{self.name}_count": labels,
        }


def registered() -> dict[str, Metric]:
    """Return the metrics of all services by name."""
    found = (metric for name in MODULES for metric in _of_module(import_module(name)))
    return {metric.name: metric for metric in found}


def _of_module(module: ModuleType) -> list[Metric]:
    metrics = []
    for value in vars(module).values():
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            metrics.append(Metric(name, family.type, frozenset(value._labelnames)))
    return metrics
