"""docs/operations/metrics.md lists the metrics that the code registers."""

import re
from pathlib import Path

import pytest

from metrics_kit import Metric, registered

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations/metrics.md").read_text()
ROW = re.compile(
    r"^\| `(todochat_\w+)` \| (\w+) \| (\w+) \|([^|]*)\|([^|]*)\| (.+) \|$", re.MULTILINE
)
ROWS = {row[0]: row for row in ROW.findall(PAGE)}
METRICS = registered()
SERVICES = {"all", "auth-session", "tasks", "todo-agent-api", "todo-agent-worker", "chat-gateway"}
NAME = re.compile(r"todochat(_[a-z]+)+")
KINDS = {
    "counter": re.compile(r".*_total"),
    "histogram": re.compile(r".*_seconds"),
    "gauge": re.compile(r".*(?<!_total)"),
}
# Labels that would create as many series as there are users, runs or addresses.
UNBOUNDED = re.compile(r"(^|_)(id|user|run|thread|path|url|email|address|token|ip)(_id)?$")


def test_page_lists_exactly_the_registered_metrics() -> None:
    assert ROWS.keys() == METRICS.keys()


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: str(metric.name))
def test_metric_follows_naming_rules_and_is_described(metric: Metric) -> None:
    assert NAME.fullmatch(metric.name)
    assert KINDS[metric.kind].fullmatch(metric.name)
    assert not [label for label in metric.labels if UNBOUNDED.search(label)]
    assert "job" not in metric.labels, "Prometheus would rename it"

    _, kind, unit, labels, services, meaning = ROWS[metric.name]

    assert (kind, unit) == (metric.kind, metric.unit)
    assert set(re.findall(r"`(\w+)`", labels)) == metric.labels
    assert {service.strip() for service in services.split(",")} <= SERVICES
    assert meaning.endswith(".")


def test_metrics_are_registered_only_in_the_inspected_modules() -> None:
    importing = {
        path.name
        for path in (*ROOT.glob("packages/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py"))
        if re.search(r"prometheus_client import.*(Counter|Gauge|Histogram)", path.read_text())
    }

    assert importing == {"metrics.py", "gauges.py"}  # the latter only names the type
