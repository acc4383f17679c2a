"""The plan of `todochat up`: which engines, databases and services this launch needs."""

from collections.abc import Mapping
from typing import Final

from todochat_local.engine_home import EngineHome, find_engine_home
from todochat_local.engine_units import (
    POSTGRES,
    VALKEY,
    postgres_data_step,
    postgres_unit,
    postgres_url,
    valkey_unit,
    valkey_url,
)
from todochat_local.layout import DataDir, DataDirError
from todochat_local.options import UpOptions
from todochat_local.plan import Plan, Step, Unit
from todochat_local.port import PortBook, pick_edge_port
from todochat_local.python_process import inherited_environment
from todochat_local.schema import SCHEMA, Migration, Schema
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
# Database -> the package that migrates it.
_PACKAGES: Final = {"auth": "auth_session", "tasks": "tasks_service", "chat": "todo_agent"}
_WITH_JOBS: Final = frozenset({"tasks", "chat"})  # have work that crosses users


def build_plan(options: UpOptions, data: DataDir) -> Plan:
    """Plan a launch.

    An engine whose URL is in the environment is not started; a database that is somewhere else
    is migrated only if the environment has its owner's URL, too.

    Raises:
        DataDirError: the data can't be used as it is, or a URL is missing.
        PortError: a port can't be had.
    """
    engines = _EnginePlan(options.environ, data)
    engines.plan_redis()
    engines.plan_databases()
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
    building = ["building the site, which takes a minute or two; the next start won't"]
    return Plan(
        edge=f"http://localhost:{edge_port}",
        units=units,
        steps=[*engines.steps, site],
        postgres_url=engines.admin_url,
        redis_url=engines.connections[REDIS_VARIABLE],
        admin_environment={kind.module: table.settings(kind) for kind in (auth, worker)},
        notes=[*engines.notes, *(building if will_build(frontend, options.environ) else [])],
    )


class _EnginePlan:
    """Engines, and the URLs by which services reach them or their stand-ins elsewhere."""

    def __init__(self, environ: Mapping[str, str], data: DataDir) -> None:
        self._environ = environ
        self._data = data
        self.ports = PortBook(data)
        self.units: list[Unit] = []
        self.steps: list[Step] = []
        self.notes: list[str] = [*self.ports.notes]
        self.connections: dict[str, str] = {}
        self.admin_url: str | None = None
        self.database_needs: tuple[str, ...] = ()
        self.redis_needs: tuple[str, ...] = ()
        self._embedded = [db for db in _PACKAGES if not environ.get(f"{db.upper()}_DATABASE_URL")]
        self._home = find_engine_home(data) if self._embedded else None
        self._data_step = self._plan_data(self._home)
        self.secrets = SecretStore.load(data)

    def plan_redis(self) -> None:
        """Plan Valkey, unless REDIS_URL is set."""
        elsewhere = self._environ.get(REDIS_VARIABLE)
        if elsewhere:
            self.connections[REDIS_VARIABLE] = elsewhere
            return
        port, password = self.ports.pick(VALKEY), self.secrets[VALKEY_SECRET]
        self.units.append(valkey_unit(self._data, port, password))
        self.connections[REDIS_VARIABLE] = valkey_url(port, password)
        self.redis_needs = (VALKEY,)

    def plan_databases(self) -> None:
        """Plan PostgreSQL for the databases that have no URL, and everybody's migrations."""
        port = self.ports.pick(POSTGRES) if self._home else 0
        migrations = [self._plan_database(family, port) for family in _PACKAGES]
        if self._home is not None and self._data_step is not None:
            self.admin_url = postgres_url(port, self.secrets[POSTGRES_SECRET])
            self.notes += self._home.notes
            self.steps.append(self._data_step)
            self.units.append(postgres_unit(self._home, port))
        schema = Schema(
            stamp=self._data.schema,
            cluster=self._home.postgres if self._home else None,
            admin_url=self.admin_url or "",
            passwords={role: self.secrets[role] for role in ROLES},
            migrations=[migration for migration in migrations if migration is not None],
            environ=inherited_environment(self._environ),
        )
        needs = (POSTGRES,) if self._home else ()
        self.steps.append(Step(name=SCHEMA, action=schema.ensure, needs=needs))
        self.database_needs = (SCHEMA,)

    def _plan_data(self, home: EngineHome | None) -> Step | None:
        if home is None:
            return None
        return postgres_data_step(self._data, home, inherited_environment(self._environ))

    def _plan_database(self, family: str, port: int) -> Migration | None:
        """Add one database's URLs and return how it is migrated, if it is."""
        name = family.upper()
        kinds = {"app": f"{name}_DATABASE_URL"}
        if family in _WITH_JOBS:
            kinds["jobs"] = f"{name}_JOBS_DATABASE_URL"
        variable = f"{name}_MIGRATION_DATABASE_URL"
        if family in self._embedded:
            self.connections |= {kinds[kind]: self._url(family, kind, port) for kind in kinds}
            owner = self._url(family, "owner", port)
            return Migration(package=_PACKAGES[family], variable=variable, url=owner)
        missing = [each for each in kinds.values() if not self._environ.get(each)]
        if missing:
            msg = f"{kinds['app']} is set, so {missing[0]} has to be, too"
            raise DataDirError(msg)
        self.connections |= {each: self._environ[each] for each in kinds.values()}
        if not self._environ.get(variable):
            self.notes.append(f"{variable} is not set: the {family} database is not migrated")
            return None
        return Migration(package=_PACKAGES[family], variable=variable, url=self._environ[variable])

    def _url(self, family: str, kind: str, port: int) -> str:
        role = f"{family}_{kind}"
        return postgres_url(port, self.secrets[role], user=role, database=family)
