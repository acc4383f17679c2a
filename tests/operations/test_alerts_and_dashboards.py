"""Every query of an alert or a dashboard parses, and names metrics and labels that exist."""

import json
import re
import shutil
import subprocess
from typing import Any

import promql_parser
import pytest
import yaml

from dashboard_kit import ALERTS, DASHBOARDS, GROUPS, OBSERVABILITY, QUERIES, RULES_FILE, panels
from deploy_kit import ROOT
from metrics_kit import TARGET_LABELS, registered

RUNBOOKS = (ROOT / "docs/operations/runbooks.md").read_text()
METRICS_PAGE = (ROOT / "docs/operations/metrics.md").read_text()
PROMTOOL = shutil.which("promtool")

OURS = {name: labels for metric in registered().values() for name, labels in metric.samples.items()}
# From the page's last section; of external metrics only the names are known.
OTHERS = set(re.findall(r"^\| `(?!todochat_)(\w+)` \| [^|]+ \|$", METRICS_PAGE, re.MULTILINE))


def nodes(query: str) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(query.replace("$__rate_interval", "5m")), found.append)
    return found


def unknown(query: str) -> set[str]:
    """Return the metrics and labels of a query that don't exist."""
    selectors = [node for node in nodes(query) if isinstance(node, promql_parser.VectorSelector)]
    names = {node.name or "" for node in selectors}
    wrong = {name for name in names if name not in OURS and not _is_of_others(name)}
    for node in selectors:
        labels = {matcher.name for matcher in node.matchers.matchers}
        wrong |= labels - OURS.get(node.name or "", labels)
    known = {label for name in names & OURS.keys() for label in OURS[name]}
    if names <= OURS.keys():
        for node in nodes(query):
            modifier = getattr(node, "modifier", None)
            if isinstance(node, promql_parser.AggregateExpr) and modifier is not None:
                wrong |= set(modifier.labels) - known - TARGET_LABELS
    return wrong


def _is_of_others(name: str) -> bool:
    return name in OTHERS or re.sub(r"_(bucket|sum|count)$", "", name) in OTHERS


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_query_parses_and_uses_existing_metrics(title: str, query: str) -> None:
    assert unknown(query) == set()


@pytest.mark.parametrize(
    "query",
    [
        "sum(todochat_no_such_total)",
        'todochat_runs_total{state="failed"}',
        "sum by (user) (todochat_runs_total)",
        "todochat_run_seconds",
        "rate(todochat_tool_call_seconds_buckets[5m])",
    ],
)
def test_query_of_unknown_metric_is_found(query: str) -> None:
    assert unknown(query)


def test_every_metric_is_on_a_dashboard_or_in_an_alert() -> None:
    shown = {
        node.name
        for _, query in QUERIES
        for node in nodes(query)
        if isinstance(node, promql_parser.VectorSelector)
    }

    unseen = {metric.name for metric in registered().values() if not shown & metric.samples.keys()}

    assert unseen == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_has_a_runbook_section(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook"].partition("#")

    assert page == "docs/operations/runbooks.md"
    assert anchor == alert["alert"].lower()
    assert f"\n## {alert['alert']}\n" in RUNBOOKS
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert alert["annotations"]["summary"]


def test_every_runbook_section_belongs_to_an_alert() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE) == [a["alert"] for a in ALERTS]


def test_dashboards_have_unique_ids_and_no_overlapping_panels() -> None:
    uids = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]

    assert len(set(uids)) == len(uids) >= 3
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        boxes = [panel["gridPos"] for panel in json.loads(path.read_text())["panels"]]
        for box in boxes:
            cells = {
                (x, y)
                for x in range(box["x"], box["x"] + box["w"])
                for y in range(box["y"], box["y"] + box["h"])
            }
            assert not cells & taken, path.name
            assert box["x"] + box["w"] <= 24
            taken |= cells


def test_every_panel_uses_the_provisioned_data_source() -> None:
    provisioned = OBSERVABILITY / "grafana/provisioning/datasources/todochat.yaml"
    uids = {source["uid"] for source in yaml.safe_load(provisioned.read_text())["datasources"]}

    assert {panel["datasource"]["uid"] for _, panel in panels()} <= uids


def test_kubernetes_has_the_same_alerts() -> None:
    monitoring = ROOT / "deploy/kubernetes/components/monitoring/rules.yaml"

    assert yaml.safe_load(monitoring.read_text())["spec"]["groups"] == GROUPS


@pytest.mark.skipif(PROMTOOL is None, reason="Prometheus isn't installed here")
def test_prometheus_accepts_the_rules_and_the_scrape_configuration() -> None:
    assert PROMTOOL is not None
    for command in (
        ["check", "rules", str(RULES_FILE)],
        ["check", "config", str(RULES_FILE.with_name("prometheus.yml"))],
    ):
        done = subprocess.run(
            [PROMTOOL, *command], check=False, capture_output=True, text=True, timeout=30
        )

        assert done.returncode == 0, done.stdout + done.stderr
