"""The whole system, each part in a container of its own image."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from deploy_kit import ServiceFacts, service_facts
from images.container_kit import Container, Image
from todochat.testing import free_port

EDGE: Final = "edge"
# Service -> its image, where the names differ.
_IMAGE_OF: Final = {"todo-agent-api": "todo-agent", "todo-agent-worker": "todo-agent"}
_ROLES: Final = {
    "AUTH_MIGRATION_DATABASE_URL": "auth_owner",
    "AUTH_DATABASE_URL": "auth_app",
    "TASKS_MIGRATION_DATABASE_URL": "tasks_owner",
    "TASKS_DATABASE_URL": "tasks_app",
    "TASKS_JOBS_DATABASE_URL": "tasks_jobs",
    "CHAT_MIGRATION_DATABASE_URL": "chat_owner",
    "CHAT_DATABASE_URL": "chat_app",
    "CHAT_JOBS_DATABASE_URL": "chat_jobs",
}
_ONE_SHOTS: Final[dict[str, list[tuple[str, ...]]]] = {
    "tasks": [("todochat.database",), ("tasks_service", "migrate")],
    "auth-session": [("auth_session", "migrate")],
    "todo-agent": [("todo_agent", "migrate")],
}


class Installation:
    """The system of deploy/compose/compose.yaml, with free ports of this machine.

    Attributes:
        urls: where each service listens.
        edge: the public address.
    """

    def __init__(
        self, images: Mapping[str, Image], logs: Path, admin_url: str, redis_url: str, model: str
    ) -> None:
        self._images = images
        self._logs = logs
        self._facts = service_facts()
        self._ports = {name: free_port() for name in (*self._facts, EDGE)}
        self._databases = _database_urls(admin_url)
        self._admin_url = admin_url
        self._containers: dict[str, Container] = {}
        self.urls = {name: f"http://127.0.0.1:{self._ports[name]}" for name in self._facts}
        self.edge = f"http://127.0.0.1:{self._ports[EDGE]}"
        self._variables = {
            **{name: url for name, url in self._databases.items() if "MIGRATION" not in name},
            "REDIS_URL": redis_url,
            "TODOCHAT_SERVICE_SECRET": secrets.token_urlsafe(32),
            "AUTH_SESSION_KEY_SECRET": secrets.token_urlsafe(32),
            "AUTH_SIGN_UP": "open",
            "PUBLIC_URL": self.edge,
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
            "AUTH_JWKS_URL": f"{self.urls['auth-session']}/.well-known/jwks.json",
            "AUTH_SESSION_URL": self.urls["auth-session"],
            "TASKS_URL": self.urls["tasks"],
            "TODO_AGENT_URL": self.urls["todo-agent-api"],
            "OPENAI_BASE_URL": model,
            "OPENAI_API_KEY": "sk-scripted",
            "TODO_AGENT_MODEL": "scripted",
            "TODO_AGENT_API": "responses",
            "LOG_LEVEL": "warning",
        }

    def prepare(self) -> None:
        """Create roles and databases, and migrate.

        Raises:
            AssertionError: a one-shot failed.
        """
        variables = {**self._databases, "DATABASE_ADMIN_URL": self._admin_url}
        for image, one_shots in _ONE_SHOTS.items():
            for module, *arguments in one_shots:
                self._images[image].run_once(variables, ["python", "-m", module, *arguments])

    def start(self) -> Mapping[str, Container]:
        """Start everything; return the containers by name."""
        for facts in self._facts.values():
            self._start_service(facts)
        upstreams = {
            f"{name.upper().replace('-', '_')}_UPSTREAMS": f"127.0.0.1:{self._ports[name]}"
            for name in ("auth-session", "chat-gateway", "tasks")
        }
        address = {"EDGE_ADDRESS": f"http://:{self._ports[EDGE]}"}
        self._start(EDGE, EDGE, {**upstreams, **address}, None)
        return self._containers

    def kill(self) -> None:
        """Kill everything that still runs."""
        for container in self._containers.values():
            container.kill()

    def _start_service(self, facts: ServiceFacts) -> None:
        image = _IMAGE_OF.get(facts.name, facts.name)
        variables = {**self._variables, facts.port_variable: str(self._ports[facts.name])}
        # The worker is the one whose command isn't its image's own.
        arguments = [facts.command[1]] if facts.name == "todo-agent-worker" else None
        self._start(facts.name, image, variables, arguments)

    def _start(
        self, name: str, image: str, variables: Mapping[str, str], arguments: list[str] | None
    ) -> None:
        log = self._logs / f"{name}.log"
        self._containers[name] = Container(name, self._images[image], variables, log, arguments)


def _database_urls(admin_url: str) -> dict[str, str]:
    base = make_url(admin_url)
    return {
        variable: base.set(
            username=role, password=secrets.token_hex(16), database=role.partition("_")[0]
        ).render_as_string(hide_password=False)
        for variable, role in _ROLES.items()
    }
