"""The services' facts that deployments must agree with, read from the code."""

import runpy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from auth_session.settings import SERVICE_ARROWS, AuthMigrationSettings, AuthSessionSettings
from chat_gateway.lifespan import ARROWS as GATEWAY_ARROWS
from chat_gateway.settings import ChatGatewaySettings
from durable_chatkit.lifespan import ARROWS as API_ARROWS
from durable_chatkit.settings import MigrationSettings as ChatMigrationSettings
from durable_chatkit.worker.main import arrows_of
from tasks_service.lifespan import ARROWS as TASKS_ARROWS
from tasks_service.settings import TasksMigrationSettings, TasksSettings
from todo_agent.settings import TodoAgentSettings
from todochat.database.bootstrap import DATABASES
from todochat.database.setup import SetupSettings, make_plan
from todochat.http.operations import OperationsController
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.settings import FILE_SUFFIX, ServiceSettings, SettingsError, load_settings
from todochat_local.service_units import service_kinds

ROOT: Final = Path(__file__).parents[1]
# Of PostgreSQL's and Python's own libraries.
STANDARD_VARIABLES: Final = {"PGSSLMODE", "PGSSLROOTCERT", "PYTHONPATH"}
HEALTH_PATHS: Final = {
    path
    for handler in vars(OperationsController).values()
    for path in getattr(handler, "paths", ())
    if path.startswith("/health")
}
_SETTINGS: Final[dict[str, type[ServiceSettings]]] = {
    "auth_session": AuthSessionSettings,
    "tasks_service": TasksSettings,
    "todo_agent": TodoAgentSettings,
    "chat_gateway": ChatGatewaySettings,
}
# Service -> the arrows whose keys it reads.
_ARROWS: Final[dict[str, tuple[Arrow, ...]]] = {
    "auth-session": SERVICE_ARROWS,
    "tasks": TASKS_ARROWS,
    "todo-agent-api": (*API_ARROWS, *TodoAgentSettings.tool_arrows),
    "todo-agent-worker": arrows_of(TodoAgentSettings),
    "chat-gateway": GATEWAY_ARROWS,
}
# One-shot command -> the settings that it reads.
ONE_SHOTS: Final[dict[tuple[str, ...], type[msgspec.Struct]]] = {
    ("todochat.database",): SetupSettings,
    ("auth_session", "migrate"): AuthMigrationSettings,
    ("tasks_service", "migrate"): TasksMigrationSettings,
    ("todo_agent", "migrate"): ChatMigrationSettings,
}

Doc = dict[str, Any]


@dataclass(frozen=True)
class ServiceFacts:
    """A service as the launcher starts it.

    Attributes:
        command: module and command.
        port: its default port.
    """

    name: str
    command: tuple[str, str]
    settings: type[ServiceSettings]
    host_variable: str
    port_variable: str
    port: int


def service_facts() -> dict[str, ServiceFacts]:
    """Return every service's facts by its name."""
    facts = {}
    for kind in service_kinds((), ()):
        settings = _SETTINGS[kind.module]
        port_variable = f"{kind.prefix}_PORT"
        facts[kind.name] = ServiceFacts(
            name=kind.name,
            command=(kind.module, kind.command),
            settings=settings,
            host_variable=f"{kind.prefix}_HOST",
            port_variable=port_variable,
            port=defaults(settings)[port_variable],
        )
    return facts


def defaults(settings: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the default of each variable that has one."""
    fields = msgspec.structs.fields(settings)
    return {field.encode_name: field.default for field in fields if not field.required}


def variables(settings: type[msgspec.Struct]) -> set[str]:
    """Return the variables of a settings struct."""
    return {field.encode_name for field in msgspec.structs.fields(settings)}


def check_database_urls(environ: Mapping[str, str]) -> None:
    """Check the URLs from which roles and databases are created.

    Raises:
        SettingsError: one is missing, or names another role.
    """
    plan = make_plan(load_settings(SetupSettings, environ))
    assert set(plan.databases.items()) == {(name, name) for name in DATABASES}


def arrow_complaint(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the problem with the keys in a service's environment, if there is one.

    They must be those of its own arrows, and suffice for its service tokens.
    """
    prefix = "TODOCHAT_SERVICE_SECRET"
    given = {each.removesuffix(FILE_SUFFIX) for each in environ if each.startswith(prefix)}
    arrows = _ARROWS[name]
    if given != {f"{prefix}_{arrow.name}" for arrow in arrows}:
        return f"{name}: has {sorted(given)}"
    try:
        ServiceTokens.from_settings(load_settings(service_facts()[name].settings, environ), *arrows)
    except SettingsError as error:
        return f"{name}: {error}"
    return None


def program(path: str) -> Mapping[str, Any]:
    """Load a program of the repository that is in no package, and return its names."""
    return runpy.run_path(str(ROOT / path))


def load_yaml(path: Path) -> list[Doc]:
    """Return the documents of a YAML file."""
    with path.open(encoding="utf-8") as file:
        return [doc for doc in yaml.load_all(file, Loader=yaml.CSafeLoader) if doc]


def edge_grace_s(environment: Mapping[str, str]) -> int:
    """Return how long an edge with these variables waits for its streams on shutdown."""
    caddyfile = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
    usual = caddyfile.partition("grace_period {$EDGE_GRACE_PERIOD:")[2].partition("}")[0]
    return int(environment.get("EDGE_GRACE_PERIOD", usual).removesuffix("s"))


def workspace_projects(folder: str) -> dict[str, Doc]:
    """Return the pyproject.toml of a folder and of the workspace packages that it depends on."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))
    found = {folder.rsplit("/", 1)[-1]: project}
    for name in project.get("tool", {}).get("uv", {}).get("sources", {}):
        found |= workspace_projects(f"packages/{name}")
    return found
