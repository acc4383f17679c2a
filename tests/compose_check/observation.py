"""Observation: real metrics, every query of the dashboards and alerts, an alert that fires."""

import asyncio
import time
from typing import Any, Final

import httpx

from compose_check.first_day import OperatedSystem
from compose_check.image_kit import make_stand_in
from compose_check.users import traffic
from compose_kit import project
from dashboard_kit import DASHBOARD_QUERIES, QUERIES
from todochat.testing import wait_until

TOOLS: Final = ("prometheus", "grafana", "jaeger")
SCRAPES_S: Final = 75.0  # five intervals, so that every rate has values
RATE_INTERVAL: Final = "1m"
FIRES_S: Final = 300.0
SERVICE_DOWN: Final = "TodochatServiceDown"
WORKER: Final = "todo-agent-worker"


async def observe(system: OperatedSystem) -> str:
    """Start compose.observability.yaml; evaluate all queries; make an alert fire and resolve."""
    installation, engine = system.installation, system.installation.engine
    services = project("compose.yaml", "compose.observability.yaml").services
    images = {name: services[name].image for name in TOOLS}
    missing = {name for name, image in images.items() if not engine.pull(image)}
    has_stand_in = "prometheus" in missing
    prometheus = make_stand_in(engine, "prometheus") if has_stand_in else images["prometheus"]
    installation.observe(prometheus, missing - {"prometheus"})
    seconds = await installation.up()
    async with httpx.AsyncClient(base_url=installation.prometheus, timeout=30) as client:
        async with traffic(system.people):
            await asyncio.sleep(SCRAPES_S)
            await check_targets(client)
            empty = [title for title, query in QUERIES if not await evaluate(client, query)]
        shown = [title for title, _ in DASHBOARD_QUERIES]
        alerts = await firing(client)
        assert not alerts, f"alerts fire on a healthy system: {alerts}"
        times = await stop_worker(system, client)
    quiet = [title for title in shown if title in empty]
    left_out = sorted(missing - {"prometheus"})
    return (
        f"started in {seconds:.1f} s, without {left_out}; Prometheus: {prometheus}\n"
        f"{len(QUERIES)} queries valid; {len(shown) - len(quiet)} of the dashboards' {len(shown)}"
        f" with data under load; without: {', '.join(quiet)}\n{times}"
    )


async def check_targets(client: httpx.AsyncClient) -> None:
    """Check that Prometheus can scrape every instance."""
    targets = (await client.get("/api/v1/targets")).json()["data"]["activeTargets"]
    down = [
        f"{each['scrapeUrl']}: {each['lastError']}" for each in targets if each["health"] != "up"
    ]
    assert targets, "Prometheus has no targets"
    assert not down, down


async def evaluate(client: httpx.AsyncClient, query: str) -> list[Any]:
    """Return the series of a query."""
    params = {"query": query.replace("$__rate_interval", RATE_INTERVAL)}
    answer = (await client.get("/api/v1/query", params=params)).json()
    assert answer["status"] == "success", f"{query}: {answer}"
    result: list[Any] = answer["data"]["result"]
    return result


async def firing(client: httpx.AsyncClient) -> list[str]:
    """Return the names of the alerts that fire."""
    alerts = (await client.get("/api/v1/alerts")).json()["data"]["alerts"]
    return [each["labels"]["alertname"] for each in alerts if each["state"] == "firing"]


async def stop_worker(system: OperatedSystem, client: httpx.AsyncClient) -> str:
    """Stop all workers until the alert fires, then start them until it resolves."""

    async def fires() -> bool:
        return SERVICE_DOWN in await firing(client)

    async def is_over() -> bool:
        return not await fires()

    began = time.monotonic()
    await system.installation.compose("stop", WORKER)
    await wait_until(fires, FIRES_S, interval_s=1)
    fired = time.monotonic()
    await system.installation.compose("start", WORKER)
    await wait_until(is_over, FIRES_S, interval_s=1)
    return (
        f"{SERVICE_DOWN}: fired {fired - began:.0f} s after the workers stopped,"
        f" resolved {time.monotonic() - fired:.0f} s after they started"
    )
