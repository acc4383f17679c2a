"""Runs a stack under load beside a real Prometheus, and runs every query of the dashboards.

    python tests/load/panels.py --prometheus /usr/bin/prometheus --seconds 180

Prints each query without data, and the alerts that fire. Not part of any suite: Prometheus is no
wheel (Debian: `apt-get install prometheus`).
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboard_kit import ALERTS, QUERIES, RULES_FILE
from operations_kit import metrics_ports
from stack_kit import Stack, run_stack
from todochat.testing import free_port
from todochat.testing.model_script import ModelRequest, ScriptedResponse
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import Person

PEOPLE = 8
SCRAPE_S = 2
WINDOW = "30s"
JOBS = ("auth-session", "tasks", "todo-agent-api", "todo-agent-worker", "chat-gateway")


def answer(request: ModelRequest) -> ScriptedResponse:
    """Add a task and confirm it; sometimes fail, or call a tool that refuses."""
    number = len(request.history)
    if request.history[-1].get("role") == "user":
        if number % 11 == 0:
            return ScriptedResponse(status=400)
        name = "no such list" if number % 5 == 0 else None
        return ScriptedResponse(parts=(Call("add_task", {"title": "a task", "list": name}),))
    return ScriptedResponse(parts=(Say(*["word "] * 30),))


async def talk(stack: Stack, seconds: float) -> int:
    """Send messages as one user for a time; return the number of turns."""
    turns = 0
    ends_at = asyncio.get_running_loop().time() + seconds
    async with httpx.AsyncClient(base_url=stack.edge, timeout=60) as client:
        person = await Person.sign_up(client)
        while asyncio.get_running_loop().time() < ends_at:
            await person.ask("add a task")
            await person.tasks()
            turns += 1
    return turns


def write_config(folder: Path, stack: Stack, edge_port: int) -> Path:
    """Write the scrape configuration of a stack on this machine, with all rules."""
    ports = metrics_ports(stack)
    targets = {
        job: [f"127.0.0.1:{port}" for name, port in ports.items() if name.startswith(job)]
        for job in JOBS
    }
    targets["edge"] = [f"127.0.0.1:{edge_port}"]
    config = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": "5s"},
        "rule_files": [str(RULES_FILE)],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": found}]}
            for job, found in targets.items()
        ],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


async def ask(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """Return Prometheus's current result for a query; NaN counts as none."""
    params = {"query": query.replace("$__rate_interval", WINDOW)}
    response = await client.get("/api/v1/query", params=params)
    response.raise_for_status()
    result: list[dict[str, Any]] = response.json()["data"]["result"]
    return [each for each in result if each["value"][1] != "NaN"]


async def report(url: str) -> int:
    """Print the queries without data; return their number."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        alerts = {alert["alert"] for alert in ALERTS}
        panels = [(title, query) for title, query in QUERIES if title not in alerts]
        empty = [title for title, query in panels if not await ask(client, query)]
        firing = (await client.get("/api/v1/alerts")).json()["data"]["alerts"]
        print(f"{len(panels) - len(empty)} of {len(panels)} queries have data")
        print("without:", *empty, sep="\n  ")
        print("alerts:", sorted({(a["labels"]["alertname"], a["state"]) for a in firing}))
        groups = (await client.get("/api/v1/rules")).json()["data"]["groups"]
        print("rules:", {rule["health"] for group in groups for rule in group["rules"]})
    return len(empty)


async def main(prometheus: str, seconds: float) -> int:
    edge_port, port = free_port(), free_port()
    async with ScriptedModelServer() as model:
        model.otherwise = answer
        model.usage = (600, 200, 40)
        variables = {
            "OPENAI_BASE_URL": model.url,
            "TODO_AGENT_MODEL": "scripted",
            "TODO_AGENT_BUDGET_TOTAL_TOKENS": "100000000",
            "EDGE_METRICS": "on",
            "EDGE_METRICS_ADDRESS": f"http://127.0.0.1:{edge_port}",
        }
        stacks = run_stack("panels", variables, workers=2, gateways=2, timeout_s=240)
        stack = await asyncio.to_thread(next, stacks)
        with tempfile.TemporaryDirectory() as folder:
            config = write_config(Path(folder), stack, edge_port)
            server = subprocess.Popen(  # noqa: ASYNC220 - it runs beside
                [prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
            )  # fmt: skip
            try:
                turns = await asyncio.gather(*(talk(stack, seconds) for _ in range(PEOPLE)))
                print(f"{sum(turns)} turns of {PEOPLE} people in {seconds:.0f} s")
                return await report(f"http://127.0.0.1:{port}")
            finally:
                server.terminate()
                server.wait()
                await asyncio.to_thread(stacks.close)  # type: ignore[attr-defined]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", default="prometheus")
    parser.add_argument("--seconds", type=float, default=180)
    options = parser.parse_args()
    print(json.dumps(vars(options)))
    sys.exit(asyncio.run(main(options.prometheus, options.seconds)))
