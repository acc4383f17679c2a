"""The operators' view of a stack: its metrics and its log lines."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from stack_kit import Stack

SERVICES = ("auth-session", "tasks", "todo-agent-api", "todo-agent-worker", "chat-gateway")

Samples = dict[str, dict[tuple[str, frozenset[tuple[str, str]]], float]]


def metrics_ports(stack: Stack) -> dict[str, int]:
    """Return each process's `/metrics` port by its name: `chat-gateway-1`, ..."""
    ports: dict[str, int] = json.loads((stack.data_dir / "ports.json").read_bytes())
    return {name: port for name, port in ports.items() if name.startswith(SERVICES)}


async def read_metrics(stack: Stack) -> Samples:
    """Return every process's samples by name and labels."""
    found: Samples = {}
    async with httpx.AsyncClient(timeout=10) as client:
        for name, port in metrics_ports(stack).items():
            response = await client.get(f"http://127.0.0.1:{port}/metrics")
            response.raise_for_status()
            found[name] = {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(response.text)
                for sample in family.samples
            }
    return found


def growth(before: Samples, after: Samples, process: str, name: str, **labels: str) -> float:
    """Return by how much one sample has grown between two readings."""
    key = (name, frozenset(labels.items()))
    return after[process].get(key, 0.0) - before[process].get(key, 0.0)


def log_lines(stack: Stack, process: str) -> Iterator[dict[str, Any]]:
    """Yield a process's log lines."""
    for line in (stack.data_dir / "logs" / f"{process}.log").read_text().splitlines():
        if line.startswith("{"):
            yield json.loads(line)
