"""The alerts, and the queries of alerts and dashboards."""

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from deploy_kit import ROOT

OBSERVABILITY: Final = ROOT / "deploy/observability"
RULES_FILE: Final = OBSERVABILITY / "prometheus/rules.yaml"
GROUPS: Final = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
ALERTS: Final = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARDS: Final = sorted((OBSERVABILITY / "grafana/dashboards").glob("*.json"))


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each panel with its title."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            if panel["type"] != "row":
                yield f"{path.stem}: {panel['title']}", panel


DASHBOARD_QUERIES: Final = [
    (f"{title} {target['refId']}", str(target["expr"]))
    for title, panel in panels()
    for target in panel["targets"]
]
QUERIES: Final = [(alert["alert"], str(alert["expr"])) for alert in ALERTS] + DASHBOARD_QUERIES
