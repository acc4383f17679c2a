"""Rules for the compose files: each takes a project and returns its complaints."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from compose_kit import FOLDER, MOUNT, Project, Service
from deploy_kit import (
    ONE_SHOTS,
    STANDARD_VARIABLES,
    arrow_complaint,
    edge_grace_s,
    service_facts,
    variables,
)
from todochat.settings import FILE_SUFFIX, SettingsError, load_settings

SERVICES: Final = service_facts()
EDGE: Final = "edge"
EXIT_S: Final = 5
OURS: Final = "todochat/"
# Their entrypoints start as root and switch to another user.
ENGINES: Final = {"postgres", "valkey"}


class Deployment:
    """A project with its generated secrets.

    Attributes:
        secrets: the folder that `make secrets` created for the test.
    """

    def __init__(self, project: Project, secrets: Path) -> None:
        self.project = project
        self.services = project.services
        self.secrets = secrets

    def environment(self, service: Service) -> dict[str, str]:
        """Return a service's environment, with its secrets' files on this machine."""
        return {
            name: str(self.secrets / value.removeprefix(MOUNT))
            if value.startswith(MOUNT)
            else value
            for name, value in service.environment.items()
        }


def settings_are_known(deployment: Deployment) -> Iterator[str]:
    for name, service in deployment.services.items():
        struct = _struct(name, service)
        if struct is not None:
            own = {each.removesuffix(FILE_SUFFIX) for each in service.environment}
            for unknown in own - variables(struct) - STANDARD_VARIABLES:
                yield f"{name}: {unknown} is no setting of it"


def settings_load(deployment: Deployment) -> Iterator[str]:
    """Every required setting is set, in the environment or in a generated secret."""
    for name, service in deployment.services.items():
        struct = _struct(name, service)
        if struct is not None:
            try:
                load_settings(struct, deployment.environment(service))
            except SettingsError as error:
                yield f"{name}: {error}"


def services_run_their_command(deployment: Deployment) -> Iterator[str]:
    for name in {*SERVICES, EDGE} - set(deployment.services):
        yield f"{name} does not exist"
    for name, service in deployment.services.items():
        is_ours = service.image.startswith(OURS) and name != EDGE
        good = {SERVICES[name].command} if name in SERVICES else set(ONE_SHOTS)
        if is_ours and _command(service) not in good:
            yield f"{name}: runs {_command(service)}"


def health_checks_use_the_service_port(deployment: Deployment) -> Iterator[str]:
    for name, facts in SERVICES.items():
        service = deployment.services[name]
        url = f'"http://127.0.0.1:{facts.port}/health/ready"'
        if service.healthcheck is None or url not in service.healthcheck.test[-1]:
            yield f"{name}: its health is not checked at {url}"
        if service.environment.get(facts.host_variable) != "0.0.0.0":
            yield f"{name}: {facts.host_variable} keeps others out"
        if facts.port_variable in service.environment:
            yield f"{name}: another port than the other parts think"


def one_shots_are_not_checked(deployment: Deployment) -> Iterator[str]:
    """They would run their image's check, which is for its service, and count as unhealthy."""
    for name, service in deployment.services.items():
        is_disabled = service.healthcheck is not None and service.healthcheck.disable
        if _command(service) in ONE_SHOTS and not is_disabled:
            yield f"{name}: has the health check of its image"


def secrets_are_mounted_where_used(deployment: Deployment) -> Iterator[str]:
    made = {path.name for path in deployment.secrets.iterdir()}
    for name, secret in deployment.project.secrets.items():
        if secret.file != f"secrets/{name}" or name not in made:
            yield f"secret {name}: {secret.file} is not what `make secrets` makes"
    for name, service in deployment.services.items():
        for unknown in set(service.secrets) - set(deployment.project.secrets):
            yield f"{name}: there is no secret {unknown}"
        words = [*service.environment.values(), *(service.command or [])]
        words += service.healthcheck.test if service.healthcheck else []
        used = {each for each in made if any(_mentions(word, each) for word in words)}
        if used != set(service.secrets):
            yield f"{name}: mounts {sorted(service.secrets)}, uses {sorted(used)}"


def services_have_the_keys_of_their_arrows(deployment: Deployment) -> Iterator[str]:
    for name in SERVICES:
        environ = deployment.environment(deployment.services[name])
        if complaint := arrow_complaint(name, environ):
            yield complaint


def addresses_exist(deployment: Deployment) -> Iterator[str]:
    for name, host, port in _calls(deployment):
        if host not in SERVICES or SERVICES[host].port != port:
            yield f"{name}: calls {host}:{port}"
        elif not _together(deployment, name, host):
            yield f"{name}: has no network with {host}"


def only_clients_reach_stores(deployment: Deployment) -> Iterator[str]:
    for name, service in deployment.services.items():
        if not service.image.startswith(OURS):
            continue
        wants = {
            "postgres": any("DATABASE" in each for each in service.environment),
            "valkey": "REDIS_URL_FILE" in service.environment,
        }
        for store, wanted in wants.items():
            if _together(deployment, name, store) != wanted:
                yield f"{name}: {'cannot' if wanted else 'can'} reach {store}"


def stores_are_internal(deployment: Deployment) -> Iterator[str]:
    for name in ENGINES:
        networks = deployment.services[name].networks
        if networks != [name] or not deployment.project.networks[name].internal:
            yield f"{name}: in {networks}"
        if deployment.services[name].ports:
            yield f"{name}: is published"


def containers_are_restricted(deployment: Deployment) -> Iterator[str]:
    for name, service in deployment.services.items():
        wanted = {
            "capabilities": service.cap_drop == ["ALL"],
            "new privileges": service.security_opt == ["no-new-privileges:true"],
            "writable root": service.read_only or name in ENGINES,
        }
        if service.image.startswith(OURS):
            wanted["user"] = service.user == "10001:10001"
            wanted["tmp"] = any(each.startswith("/tmp") for each in service.tmpfs)
        if _command(service) not in ONE_SHOTS:
            wanted["limits"] = service.deploy is not None
        yield from (f"{name}: {what}" for what, good in wanted.items() if not good)


def there_is_time_to_drain(deployment: Deployment) -> Iterator[str]:
    for name in {*SERVICES, EDGE}:
        service = deployment.services[name]
        grace_s = _seconds(service.stop_grace_period)
        needed_s = float(edge_grace_s(deployment.environment(service)))
        if name in SERVICES:
            settings = load_settings(SERVICES[name].settings, deployment.environment(service))
            needed_s = settings.drain_delay_s + settings.drain_timeout_s
        if grace_s < needed_s + EXIT_S:
            yield f"{name}: has {grace_s} s, needs {needed_s + EXIT_S:.0f} s"


def starts_wait_for_what_is_needed(deployment: Deployment) -> Iterator[str]:
    """Database users wait for the migration; services that others wait for have a health check."""
    for name, service in deployment.services.items():
        needs = service.depends_on
        if not isinstance(needs, Mapping):
            continue
        for need, how in needs.items():
            other = deployment.services.get(need)
            if other is None:
                yield f"{name}: waits for {need}, which does not exist"
            elif (how.condition == "service_healthy") != other.is_checked:
                yield f"{name}: {need} has no health check"
        family = next((each for each in ("auth", "tasks", "chat") if _uses(service, each)), None)
        if name in SERVICES and family and f"migrate-{family}" not in needs:
            yield f"{name}: doesn't wait for migrate-{family}"
        if name.startswith("migrate-") and "databases" not in needs:
            yield f"{name}: doesn't wait for databases"


def files_exist(deployment: Deployment) -> Iterator[str]:
    for name, service in deployment.services.items():
        for volume in service.volumes:
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (FOLDER / source).exists():
                    yield f"{name}: {source} does not exist"
            elif source not in deployment.project.volumes:
                yield f"{name}: there is no volume {source}"
        for watch in service.develop.watch if service.develop else []:
            if not (FOLDER / watch.path).is_dir():
                yield f"{name}: {watch.path} does not exist"


RULES: Final = (
    settings_are_known,
    settings_load,
    services_run_their_command,
    health_checks_use_the_service_port,
    one_shots_are_not_checked,
    secrets_are_mounted_where_used,
    services_have_the_keys_of_their_arrows,
    addresses_exist,
    containers_are_restricted,
    there_is_time_to_drain,
    starts_wait_for_what_is_needed,
    files_exist,
)
# In development the stores are published.
PRODUCTION_RULES: Final = (*RULES, only_clients_reach_stores, stores_are_internal)


def _struct(name: str, service: Service) -> type[msgspec.Struct] | None:
    return SERVICES[name].settings if name in SERVICES else ONE_SHOTS.get(_command(service))


def _command(service: Service) -> tuple[str, ...]:
    words = [*(service.entrypoint or []), *(service.command or [])]
    return tuple(words[2:]) if words[:2] == ["python", "-m"] else tuple(words)


def _mentions(word: str, secret: str) -> bool:
    return any(
        part.startswith(secret) and part[len(secret) :][:1] in {"", ")", " "}
        for part in word.split(MOUNT)[1:]
    )


def _calls(deployment: Deployment) -> Iterator[tuple[str, str, int]]:
    for name, service in deployment.services.items():
        for variable, value in service.environment.items():
            parts = urlsplit(value)
            is_address = variable.endswith("_URL") and variable != "PUBLIC_URL"
            if name in SERVICES and is_address and parts.port:
                yield name, str(parts.hostname), parts.port
            elif variable.endswith("_UPSTREAMS"):
                for upstream in value.split():
                    host, _, port = upstream.partition(":")
                    yield name, host, int(port)


def _together(deployment: Deployment, one: str, other: str) -> bool:
    networks = deployment.services[one].networks
    return bool(set(networks) & set(deployment.services[other].networks))


def _uses(service: Service, family: str) -> bool:
    return f"{family.upper()}_DATABASE_URL_FILE" in service.environment


def _seconds(duration: str) -> float:
    factor = 60 if duration.endswith("m") else 1
    return float(duration[:-1]) * factor
