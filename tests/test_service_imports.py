"""The modules that a process must not load: memory and start-up time for nothing."""

import json
import subprocess
import sys

import pytest

# Litestar imports its plugins only when an application is created.
CREATE_APP = """
from todochat.http.app import create_app
from todochat.settings import ServiceSettings
environ = {"REDIS_URL": "redis://localhost", "TODOCHAT_SERVICE_SECRET": "s" * 43}
create_app(name="test", settings=ServiceSettings.load(environ), route_handlers=[])
"""
AGENT = """
import todo_agent.__main__
from durable_chatkit.mcp_on_demand import postpone_mcp
from durable_chatkit.parsers_on_demand import postpone_griffe, postpone_jinja
from todochat.lean_imports import postpone_orm
postpone_mcp()
postpone_orm()
postpone_jinja()
"""
DEVELOPMENT = {"pytest", "mypy", "pip", "typer", "alembic"}
AGENT_SDKS = {"agents", "openai", "chatkit", "pydantic", "mcp", "griffe"}
SERVICE = DEVELOPMENT | {
    # Optional dependencies of libraries; see `todochat.lean_imports`.
    "rich",
    "pygments",
    "opentelemetry.sdk.metrics",
    "litestar.plugins.pydantic",
    "yaml",
    "click",
    "multiprocessing",
    "pdb",
    # Only for a Redis Cluster.
    "redis.cluster",
    "redis.asyncio.cluster",
    # Only with OTEL_EXPORTER_OTLP_ENDPOINT.
    "opentelemetry.exporter.otlp.proto.http",
    "google.protobuf",
    # Only without a model server.
    "offline_assistant",
    "task_phrases",
}
CHAT = SERVICE | {
    "mcp.client",
    "mcp.server",
    "puremagic",
    "argon2",
    "email_validator",
    "mcp_types",
    "sqlalchemy.orm",
    "jinja2",
}
API = f"""{AGENT}
from durable_chatkit.server_without_agents import import_server_without_agents
import_server_without_agents()
import durable_chatkit.app
import todo_agent.live_widgets
"""
# The imports of each process, and what they must not load.
PROCESSES = {
    "chat-gateway": (
        f"import chat_gateway.__main__\n{CREATE_APP}",
        SERVICE | AGENT_SDKS | {"sqlalchemy", "asyncpg", "argon2", "email_validator"},
    ),
    "auth-session": (f"import auth_session.__main__\n{CREATE_APP}", SERVICE | AGENT_SDKS),
    "tasks": (
        f"import tasks_service.__main__\n{CREATE_APP}",
        SERVICE | AGENT_SDKS | {"argon2", "email_validator", "icalendar"},
    ),
    "todo-agent-api": (
        f"{API}\n{CREATE_APP}",
        CHAT
        | {
            "durable_chatkit.worker",
            "agents",
            "openai",
            "griffe",
            "mcp_types",
            "aiohttp",
            "httpx2",
        },
    ),
    "todo-agent-worker": (
        f"{AGENT}\npostpone_griffe()\nimport durable_chatkit.worker.main\n{CREATE_APP}",
        CHAT | {"durable_chatkit.app", "griffe"},
    ),
    # It creates roles and databases with asyncpg alone.
    "launcher": (
        "import todochat_local.up, asyncpg, todochat.database.bootstrap",
        AGENT_SDKS
        | {
            "typer",
            "click",
            "alembic",
            "sqlalchemy",
            "litestar",
            "structlog",
            "redis",
            "httpx",
            "aiohttp",
            "msgspec",
            "pip",
        },
    ),
}


@pytest.mark.parametrize("process", PROCESSES)
def test_process_imports_nothing_that_it_does_not_use(process: str) -> None:
    imports, forbidden = PROCESSES[process]
    check = f"import json, sys\nprint(json.dumps(sorted({forbidden!r} & sys.modules.keys())))"

    result = subprocess.run(
        [sys.executable, "-P", "-c", f"{imports}\n{check}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []
