"""An installation that follows docs/operations/install-compose.md, in a copy of the files."""

import shutil
import ssl
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import aiosmtpd

from compose_check.compose_project import Project, unused_port
from compose_check.engine_kit import Engine, run
from deploy_kit import ROOT

COMPOSE_FOLDER: Final = "deploy/compose"
COPIED: Final = (COMPOSE_FOLDER, "deploy/kubernetes/components/backup", "deploy/observability")
ROOT_CERTIFICATE: Final = "/data/caddy/pki/authorities/local/root.crt"
MAIL_URL: Final = "smtp+plain://mail:8025"
# Adds the scripted model and a mail server that prints messages (aiosmtpd of this environment, which
# is pure Python); the images of the stores follow if they are stand-ins.
OVERRIDE: Final = """
services:
  model:
    image: todochat/todo-agent:{version}
    entrypoint: [python, /opt/model/compose_check/model_program.py]
    command: []
    restart: unless-stopped
    user: "0:0"
    environment: {{PYTHONPATH: /opt/model}}
    volumes: ["{tests}:/opt/model:ro"]
    healthcheck: {{disable: true}}
    networks: [services]
  mail:
    image: todochat/todo-agent:{version}
    entrypoint: [python, -m, aiosmtpd, --nosetuid, --listen, "0.0.0.0:8025"]
    command: []
    restart: unless-stopped
    environment: {{PYTHONPATH: /opt/packages}}
    volumes: ["{packages}:/opt/packages:ro"]
    healthcheck: {{disable: true}}
    networks: [services]
"""
# Makes Prometheus reachable, and leaves out the tools whose images can't be pulled.
OBSERVABILITY_OVERRIDE: Final = """
services:
  prometheus:
    image: {prometheus}
    ports: ["127.0.0.1:{port}:9090"]
"""


class Installation(Project):
    """The system of compose.yaml in a project of its own.

    Attributes:
        folder: the copied `deploy/compose`.
        http: the address of the edge without TLS.
        https: the address with TLS, once a domain is set.
        prometheus: the address of Prometheus, once it is observed.
    """

    def __init__(
        self, engine: Engine, checkout: Path, project: str, stand_ins: Mapping[str, str]
    ) -> None:
        super().__init__(engine, checkout, project, f"{COMPOSE_FOLDER}/compose.yaml", "check.yaml")
        self.folder = checkout / COMPOSE_FOLDER
        self._http_port, self._https_port = unused_port(), unused_port()
        self.http = f"http://localhost:{self._http_port}"
        self.https = f"https://localhost:{self._https_port}"
        self.prometheus = ""
        self._settings: dict[str, str] = {}
        for name in COPIED:
            ignored = shutil.ignore_patterns("secrets", ".env", "backups")
            shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
        (self.folder / "backups").mkdir()
        shutil.copy(ROOT / "Makefile", checkout)
        packages = Path(aiosmtpd.__file__).parents[1]
        lines = OVERRIDE.format(version="0.1.0", tests=ROOT / "tests", packages=packages)
        lines += "".join(f"  {name}: {{image: {image}}}\n" for name, image in stand_ins.items())
        (checkout / "check.yaml").write_text(lines, encoding="utf-8")

    def make_secrets(self) -> str:
        """Run `make secrets`; files that exist stay the same."""
        return run(["make", "--silent", "secrets"], folder=self._checkout)

    def configure(self, **settings: str) -> None:
        """Write `.env` from the example, with these settings and the earlier ones."""
        ports = {
            "EDGE_HTTP_PORT": f"127.0.0.1:{self._http_port}",
            "EDGE_HTTPS_PORT": f"127.0.0.1:{self._https_port}",
        }
        self._settings = ports | self._settings | settings
        text = (self.folder / ".env.example").read_text(encoding="utf-8")
        lines = "".join(f"{name}={value}\n" for name, value in self._settings.items())
        (self.folder / ".env").write_text(text + lines, encoding="utf-8")

    def observe(self, prometheus: str, missing: Collection[str]) -> None:
        """Add compose.observability.yaml to all further commands.

        Args:
            prometheus: the image of Prometheus.
            missing: tools without an image.
        """
        port = unused_port()
        self.prometheus = f"http://localhost:{port}"
        lines = OBSERVABILITY_OVERRIDE.format(prometheus=prometheus, port=port)
        lines += "".join(f"  {name}: {{profiles: [missing]}}\n" for name in missing)
        (self._checkout / "check-observability.yaml").write_text(lines, encoding="utf-8")
        self._files += [f"{COMPOSE_FOLDER}/compose.observability.yaml", "check-observability.yaml"]

    async def admin(self, *arguments: str) -> str:
        """Run an administrator's command of auth-session."""
        return await self.execute(
            "auth-session", "python", "-m", "auth_session", "admin", *arguments
        )

    async def query(self, database: str, statement: str) -> list[str]:
        """Return the lines of a statement's result, as the superuser."""
        output = await self.execute(
            "postgres", "psql", "-U", "postgres", "-d", database, "-Atc", statement
        )
        return output.split("\n")[:-1]

    async def trust(self) -> ssl.SSLContext:
        """Return a context that trusts only the edge's own authority."""
        certificate = await self.execute("edge", "cat", ROOT_CERTIFICATE)
        return ssl.create_default_context(cadata=certificate)
