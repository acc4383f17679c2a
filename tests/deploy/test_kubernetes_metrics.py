"""Scaling and alerts use existing metrics of the services and rows of the database."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from importlib import import_module

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from deploy_kit import ROOT, load_yaml
from manifest_kit import Manifests
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.servers import PostgresServer

COMPONENTS = ROOT / "deploy/kubernetes/components"
METRIC = re.compile(r"\b(todochat_\w+)")
# Modules in which services register their metrics.
MODULES = (
    "auth_session.metrics",
    "chat_gateway.metrics",
    "tasks_service.metrics",
    "durable_chatkit.metrics",
    "todochat.telemetry.metrics",
)


@pytest.fixture(scope="module")
def everything() -> Manifests:
    return Manifests.load("everything")


@pytest.fixture(scope="module")
def known_series() -> set[str]:
    for module in MODULES:
        import_module(module)
    names = set()
    for metric in REGISTRY.collect():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        names |= {metric.name + end for end in ends.get(metric.type, [""])}
    return names


def test_alerts_use_existing_metrics(everything: Manifests, known_series: set[str]) -> None:
    (rule,) = everything.of("PrometheusRule")
    asked = [alert["expr"] for group in rule["spec"]["groups"] for alert in group["rules"]]

    named = {name for expression in asked for name in METRIC.findall(expression)}

    assert len(named) >= 4
    assert named <= known_series


def test_gateways_scale_by_an_existing_metric(
    everything: Manifests, known_series: set[str]
) -> None:
    autoscaler = everything.find("HorizontalPodAutoscaler", "chat-gateway")
    assert autoscaler is not None
    pods = [each["pods"] for each in autoscaler["spec"]["metrics"] if each["type"] == "Pods"]
    (adapter,) = load_yaml(COMPONENTS / "monitoring/adapter-values.yaml")
    (offered,) = adapter["rules"]["custom"]

    (metric,) = [each["metric"]["name"] for each in pods]

    assert metric in known_series
    assert offered["seriesQuery"].startswith(metric + "{")
    assert re.fullmatch(offered["name"]["matches"], metric)


@pytest_asyncio.fixture
async def chat_database(postgres: PostgresServer) -> AsyncIterator[DatabaseUrls]:
    urls = await postgres.create_database("chat")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "todo_agent",
        "migrate",
        env={"CHAT_MIGRATION_DATABASE_URL": urls.owner},
    )
    assert await process.wait() == 0
    yield urls
    await postgres.drop_database(urls)


async def test_workers_scale_by_a_query_allowed_to_the_jobs_role(
    everything: Manifests, chat_database: DatabaseUrls
) -> None:
    (scaled,) = everything.of("ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    connection = await asyncpg.connect(chat_database.jobs)

    waiting = await connection.fetchval(trigger["metadata"]["query"])
    await connection.close()

    assert waiting == 0
