"""The plan of `todochat up`: the engines, databases and services of a launch."""

from collections.abc import Mapping
from typing import Final

from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.engine_home import find_engine_home
from todochat_local.engine_units import (
    POSTGRES,
    VALKEY,
    postgres_data_step,
    postgres_unit,
    postgres_url,
    valkey_unit,
    valkey_url,
)
from todochat_local.plan import LaunchPlan, LaunchStep, Unit, UpOptions
from todochat_local.port import PortBook, pick_edge_port
from todochat_local.python_process import inherited_environment
from todochat_local.schema import SCHEMA, Migration, SchemaSetup
from todochat_local.secret_store import POSTGRES as POSTGRES_SECRET
from todochat_local.secret_store import ROLES, SERVICES, SecretStore
from todochat_local.secret_store import VALKEY as VALKEY_SECRET
from todochat_local.service_units import (
    AUTH_SESSION,
    CADDY,
    GATEWAY,
    WORKER,
    ServiceTable,
    caddy_dir,
    caddy_unit,
    service_kinds,
)
from todochat_local.site_build import Frontend, frontend_dir, site_step, will_build

REDIS_VARIABLE: Final = "REDIS_URL"
# Database -> the service that migrates it, and the package with the migrations.
_PACKAGES: Final = {
    "auth": ("auth_session", "auth_session"),
    "tasks": ("tasks_service", "tasks_service"),
    "chat": ("todo_agent", "durable_chatkit"),
}
_WITH_JOBS: Final = frozenset({"tasks", "chat"})  # have jobs that work across users


def build_plan(options: UpOptions, data: DataDir) -> LaunchPlan:
    """Return the plan of a launch.

    An engine whose URL is in the environment is not started; an external database is migrated only
    if the environment has its owner's URL, too.

    Raises:
        DataDirError: the data directory is unusable, or a URL is missing.
        PortError: a port is not available.
    """
    engines = EnginePlanner(options.environ, data)
    engines.add_redis()
    engines.add_databases()
    edge_port = engines.ports.pick(CADDY) if options.port == 0 else pick_edge_port(options.port)
    table = ServiceTable(
        environ=options.environ,
        connections=engines.connections,
        service_secret=engines.secrets[SERVICES],
        edge_port=edge_port,
        ports=engines.ports,
        counts={WORKER: options.workers, GATEWAY: options.gateways},
    )
    kinds = service_kinds(engines.database_needs, engines.redis_needs)
    units = [*engines.units, *table.units(kinds), caddy_unit(data, table, edge_port)]
    engines.ports.save()
    auth = next(kind for kind in kinds if kind.name == AUTH_SESSION)
    worker = next(kind for kind in kinds if kind.name == WORKER)
    frontend = Frontend(frontend_dir(), options.environ)
    site = site_step(data, caddy_dir() / "site", frontend, inherited_environment(options.environ))
    building = ["building the site; this takes 1 to 2 minutes and happens once"]
    return LaunchPlan(
        edge=f"http://localhost:{edge_port}",
        units=units,
        steps=[*engines.steps, site],
        postgres_url=engines.admin_url,
        redis_url=engines.connections[REDIS_VARIABLE],
        admin_environment={kind.module: table.settings(kind) for kind in (auth, worker)},
        notes=[*engines.notes, *(building if will_build(frontend, options.environ) else [])],
    )


class EnginePlanner:
    """Collects the engines to start and the URLs of embedded and external ones."""

    def __init__(self, environ: Mapping[str, str], data: DataDir) -> None:
        self._environ = environ
        self._data = data
        self.ports = PortBook(data)
        self.units: list[Unit] = []
        self.steps: list[LaunchStep] = []
        self.notes: list[str] = [*self.ports.notes]
        self.connections: dict[str, str] = {}
        self.admin_url: str | None = None
        self.database_needs: tuple[str, ...] = ()
        self.redis_needs: tuple[str, ...] = ()
        self._embedded = [db for db in _PACKAGES if not environ.get(f"{db.upper()}_DATABASE_URL")]
        self._home = find_engine_home(data) if self._embedded else None
        self._data_step = (
            postgres_data_step(data, self._home, inherited_environment(environ))
            if self._home
            else None
        )
        self.secrets = SecretStore.load(data)

    def add_redis(self) -> None:
        """Add Valkey, unless REDIS_URL is set."""
        external = self._environ.get(REDIS_VARIABLE)
        if external:
            self.connections[REDIS_VARIABLE] = external
            return
        port, password = self.ports.pick(VALKEY), self.secrets[VALKEY_SECRET]
        self.units.append(valkey_unit(self._data, port, password))
        self.connections[REDIS_VARIABLE] = valkey_url(port, password)
        self.redis_needs = (VALKEY,)

    def add_databases(self) -> None:
        """Add PostgreSQL for databases without a URL, and the migrations of all databases."""
        port = self.ports.pick(POSTGRES) if self._home else 0
        migrations = [self.add_database(family, port) for family in _PACKAGES]
        if self._home is not None and self._data_step is not None:
            self.admin_url = postgres_url(port, self.secrets[POSTGRES_SECRET])
            self.notes += self._home.notes
            self.steps.append(self._data_step)
            self.units.append(postgres_unit(self._home, port))
        schema = SchemaSetup(
            stamp=self._data.schema,
            cluster=self._home.postgres if self._home else None,
            admin_url=self.admin_url or "",
            passwords={role: self.secrets[role] for role in ROLES},
            migrations=[migration for migration in migrations if migration is not None],
            environ=inherited_environment(self._environ),
        )
        needs = (POSTGRES,) if self._home else ()
        self.steps.append(LaunchStep(name=SCHEMA, action=schema.ensure, needs=needs))
        self.database_needs = (SCHEMA,)

    def add_database(self, family: str, port: int) -> Migration | None:
        """Add one database's URLs; return its migration unless an external one has no owner URL."""
        name = family.upper()
        kinds = {"app": f"{name}_DATABASE_URL"}
        if family in _WITH_JOBS:
            kinds["jobs"] = f"{name}_JOBS_DATABASE_URL"
        package, source = _PACKAGES[family]
        variable = f"{name}_MIGRATION_DATABASE_URL"
        if family in self._embedded:
            self.connections |= {kinds[kind]: self._url(family, kind, port) for kind in kinds}
            owner = self._url(family, "owner", port)
            return Migration(package=package, source=source, variable=variable, url=owner)
        missing = [each for each in kinds.values() if not self._environ.get(each)]
        if missing:
            msg = f"{kinds['app']} is set, so {missing[0]} must be set, too"
            raise DataDirError(msg)
        self.connections |= {each: self._environ[each] for each in kinds.values()}
        if not self._environ.get(variable):
            self.notes.append(f"{variable} is not set: the {family} database is not migrated")
            return None
        url = self._environ[variable]
        return Migration(package=package, source=source, variable=variable, url=url)

    def _url(self, family: str, kind: str, port: int) -> str:
        role = f"{family}_{kind}"
        return postgres_url(port, self.secrets[role], user=role, database=family)
