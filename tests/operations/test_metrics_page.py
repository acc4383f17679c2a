"""docs/operations/metrics.md is what the code registers."""

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
# What would make as many series as there are people, runs or addresses.
UNBOUNDED = re.compile(r"(^|_)(id|user|run|thread|path|url|email|address|token|ip)(_id)?$")


def test_the_page_has_every_metric_and_no_other() -> None:
    assert ROWS.keys() == METRICS.keys()


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: str(metric.name))
def test_a_metric_is_named_by_the_rules_and_described(metric: Metric) -> None:
    assert NAME.fullmatch(metric.name)
    assert KINDS[metric.kind].fullmatch(metric.name)
    assert not [label for label in metric.labels if UNBOUNDED.search(label)]
    assert "job" not in metric.labels, "Prometheus would rename it"

    _, kind, unit, labels, services, meaning = ROWS[metric.name]

    assert (kind, unit) == (metric.kind, metric.unit)
    assert set(re.findall(r"`(\w+)`", labels)) == metric.labels
    assert {service.strip() for service in services.split(",")} <= SERVICES
    assert meaning.endswith(".")


def test_metrics_are_registered_in_the_modules_that_are_looked_at() -> None:
    importing = {
        path.name
        for path in (*ROOT.glob("packages/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py"))
        if re.search(r"prometheus_client import.*(Counter|Gauge|Histogram)", path.read_text())
    }

    assert importing == {"metrics.py", "gauges.py"}  # the latter only names the type
