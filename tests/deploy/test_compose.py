"""The compose files agree with the services, with each other, and with the manifests."""

import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

import compose_kit as compose
import compose_rules as rules
from compose_rules import Deployment
from deploy_kit import (
    ROOT,
    Doc,
    check_database_urls,
    load_yaml,
    program,
    service_facts,
    variables,
    workspace_projects,
)
from manifest_kit import Manifests
from settings_docs.env_example import render_env_example
from settings_docs.fields import SECTIONS

OBSERVABILITY = ROOT / "deploy/observability"
PROVISIONING = OBSERVABILITY / "grafana/provisioning"
FILES = ("compose.yaml", "compose.dev.yaml", "compose.observability.yaml")
TRY_FILE = "try.yaml"
COMBINATIONS = (FILES[:1], FILES[:2], (FILES[0], FILES[2]), (TRY_FILE,))
MAKE_SECRETS = program("deploy/compose/make_secrets.py")["make_secrets"]
EXAMPLE = compose.FOLDER / ".env.example"
Rule = Callable[[Deployment], Iterator[str]]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    MAKE_SECRETS(folder)
    return folder


def deployment(doc: Doc, secrets: Path) -> Deployment:
    return Deployment(compose.parse(doc), secrets)


@pytest.mark.parametrize("rule", rules.PRODUCTION_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("files", [FILES[:1], (FILES[0], FILES[2])], ids=lambda files: files[-1])
def test_compose_follows_the_rule(files: tuple[str, ...], rule: Rule, secrets: Path) -> None:
    assert list(rule(deployment(compose.read(*files), secrets))) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_development_compose_follows_the_rule(rule: Rule, secrets: Path) -> None:
    assert list(rule(deployment(compose.read(*FILES[:2]), secrets))) == []


@pytest.mark.parametrize(
    ("container", "service"),
    [
        ("auth-session", "auth-session"),
        ("tasks", "tasks"),
        ("todo-agent-api", "todo-agent"),
        ("todo-agent-worker", "todo-agent"),
        ("chat-gateway", "chat-gateway"),
    ],
)
def test_development_runs_the_repository_code_of_every_package(
    container: str, service: str
) -> None:
    ran = compose.project(*FILES[:2]).services[container]
    ours = {name for name in workspace_projects(f"services/{service}") if name != service}
    sources = {f"../../packages/{name}/src" for name in ours} | {f"../../services/{service}/src"}

    mounts = dict(volume.split(":")[:2] for volume in ran.volumes if "/src:" in volume)
    assert set(mounts) == sources
    assert set(mounts.values()) == set(ran.environment["PYTHONPATH"].split(":"))
    assert ran.develop is not None
    assert {watch.path for watch in ran.develop.watch} == sources


def test_development_ports_are_published_on_localhost_only() -> None:
    services = compose.project(*FILES[:2]).services

    ports = [port for service in services.values() for port in service.ports]

    assert len(ports) > len(compose.project(FILES[0]).services["edge"].ports)
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize(
    "rule",
    [
        rule
        for rule in rules.RULES
        # Its services share a folder of secrets, and use their images' health checks.
        if rule
        not in (rules.secrets_are_mounted_where_used, rules.health_checks_use_the_service_port)
    ],
    ids=lambda rule: rule.__name__,
)
def test_file_for_trying_follows_the_rule(rule: Rule, secrets: Path) -> None:
    complaints = rule(deployment(compose.read(TRY_FILE), secrets))

    # The one-shot `secrets` runs as root, to write into the volume.
    assert [each for each in complaints if not each.startswith("secrets: ")] == []


def test_file_for_trying_has_the_same_images_and_needs_no_other_file() -> None:
    ours, trial = compose.project(FILES[0]), compose.project(TRY_FILE)

    images = {name: each.image for name, each in trial.services.items() if name != "secrets"}
    assert images == {name: each.image for name, each in ours.services.items() if not each.profiles}
    volumes = {volume.split(":")[0] for each in trial.services.values() for volume in each.volumes}
    assert volumes == set(trial.volumes)


def test_readme_starts_the_file_for_trying_and_names_its_address() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"^docker compose -f (\S+) up +# then open (\S+)$", readme, re.MULTILINE)
    assert command is not None
    path, address = command.groups()
    services = compose.project(TRY_FILE).services

    assert ROOT / path == compose.FOLDER / TRY_FILE
    port = address.rpartition(":")[2]
    assert services["edge"].ports == [f"127.0.0.1:{port}:8000"]
    assert services["auth-session"].environment["PUBLIC_URL"] == address


def test_file_for_trying_explains_each_of_its_variables() -> None:
    text = (compose.FOLDER / TRY_FILE).read_text(encoding="utf-8")
    comment, _, rest = text.partition("name: todochat-try")

    assert set(re.findall(r"\b[A-Z][A-Z_]{7,}\b", comment)) == set(
        re.findall(r"\$\{([A-Z_]+)", rest)
    )


# The mistake, the rule that reports it, and a word of its complaint.
BREAKAGES: list[tuple[Callable[[Any], Any], Rule, str]] = [
    (
        lambda s: s["tasks"]["environment"].update(TASK_PORT="1"),
        rules.settings_are_known,
        "TASK_PORT is no setting",
    ),
    (
        lambda s: s["tasks"]["environment"].pop("TASKS_JOBS_DATABASE_URL_FILE"),
        rules.settings_load,
        "setting TASKS_JOBS_DATABASE_URL is required",
    ),
    (
        lambda s: s["databases"]["environment"].update(DATABASE_ADMIN_URL_FILE="/run/secrets/x"),
        rules.settings_load,
        "DATABASE_ADMIN_URL_FILE: can't read",
    ),
    (
        lambda s: s["todo-agent-worker"].update(command=["work"]),
        rules.services_run_their_command,
        "todo-agent-worker: runs",
    ),
    (
        lambda s: s["migrate-chat"].update(command=["upgrade"]),
        rules.services_run_their_command,
        "migrate-chat: runs",
    ),
    (
        lambda s: s["chat-gateway"].update(healthcheck=s["tasks"]["healthcheck"]),
        rules.health_checks_use_the_service_port,
        "chat-gateway: its health",
    ),
    (
        lambda s: s["migrate-tasks"].pop("healthcheck"),
        rules.one_shots_are_not_checked,
        "migrate-tasks: has the health check",
    ),
    (
        lambda s: s["tasks"]["environment"].pop("TASKS_HOST"),
        rules.health_checks_use_the_service_port,
        "TASKS_HOST keeps others out",
    ),
    (
        lambda s: s["tasks"]["secrets"].append("chat_database_url"),
        rules.secrets_are_mounted_where_used,
        "tasks: mounts",
    ),
    (
        lambda s: s["chat-gateway"]["environment"].update(
            TODOCHAT_SERVICE_SECRET_AGENT_TO_TASKS_FILE="/run/secrets/x"
        ),
        rules.services_have_the_keys_of_their_arrows,
        "chat-gateway: has",
    ),
    (
        lambda s: s["tasks"]["environment"].update(TODOCHAT_SERVICE_SECRET="s" * 32),
        rules.services_have_the_keys_of_their_arrows,
        "tasks: has",
    ),
    (
        lambda s: s["chat-gateway"]["environment"].update(TODO_AGENT_URL="http://todo-agent:8003"),
        rules.addresses_exist,
        "calls todo-agent:8003",
    ),
    (
        lambda s: s["edge"]["environment"].update(TASKS_UPSTREAMS="tasks:8001"),
        rules.addresses_exist,
        "calls tasks:8001",
    ),
    (
        lambda s: s["chat-gateway"]["networks"].append("postgres"),
        rules.only_clients_reach_stores,
        "chat-gateway: can reach postgres",
    ),
    (
        lambda s: s["valkey"].update(ports=["6379:6379"]),
        rules.stores_are_internal,
        "valkey: is published",
    ),
    (
        lambda s: s["edge"].update(user="0:0"),
        rules.containers_are_restricted,
        "edge: user",
    ),
    (
        lambda s: s["tasks"].pop("deploy"),
        rules.containers_are_restricted,
        "tasks: limits",
    ),
    (
        lambda s: s["todo-agent-worker"].update(stop_grace_period="20s"),
        rules.there_is_time_to_drain,
        "todo-agent-worker: has 20",
    ),
    (
        lambda s: s["tasks"]["depends_on"].pop("migrate-tasks"),
        rules.starts_wait_for_what_is_needed,
        "tasks: doesn't wait for migrate-tasks",
    ),
    (
        lambda s: s["valkey"].pop("healthcheck"),
        rules.starts_wait_for_what_is_needed,
        "valkey has no health check",
    ),
    (
        lambda s: s["edge"]["volumes"].append("./Caddyfile:/etc/caddy/Caddyfile:ro"),
        rules.files_exist,
        "edge: ./Caddyfile does not exist",
    ),
]


@pytest.mark.parametrize(
    ("broken", "rule", "complaint"),
    BREAKAGES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_reports_a_violation(
    broken: Callable[[Any], Any], rule: Rule, complaint: str, secrets: Path
) -> None:
    doc = compose.read(FILES[0])

    broken(doc["services"])

    assert any(complaint in each for each in rule(deployment(doc, secrets)))


def test_every_rule_has_a_violation_test() -> None:
    assert {rule for _, rule, _ in BREAKAGES} == set(rules.PRODUCTION_RULES)


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [("tasks", "enviroment", {}), ("tasks", "restart", "sometimes"), ("edge", "ports", ["80"])],
)
def test_unknown_compose_key_or_value_is_refused(service: str, key: str, value: object) -> None:
    doc = compose.read(FILES[0])
    doc["services"][service][key] = value

    with pytest.raises(msgspec.ValidationError):
        compose.parse(doc)


def docker_compose() -> list[str] | None:
    """The real program, if this machine has it."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            answer = subprocess.run(
                [*command, "version", "--short"], check=False, capture_output=True, text=True
            )
            if answer.returncode == 0 and not answer.stdout.startswith("1."):
                return command
    return None


@pytest.mark.slow
@pytest.mark.skipif(docker_compose() is None, reason="this machine has no docker compose")
@pytest.mark.parametrize("files", COMBINATIONS, ids=lambda files: files[-1])
def test_docker_compose_accepts_the_files(files: tuple[str, ...]) -> None:
    options = [part for name in files for part in ("-f", str(compose.FOLDER / name))]

    done = subprocess.run(
        [*(docker_compose() or []), *options, "config", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_secrets_name_the_created_roles(secrets: Path) -> None:
    one_shot = compose.project(FILES[0]).services["databases"]

    check_database_urls(deployment(compose.read(FILES[0]), secrets).environment(one_shot))


def test_domain_enables_https() -> None:
    environ = {"TODOCHAT_DOMAIN": "chat.example.com"}

    at_home = compose.project(FILES[0])
    in_public = compose.project(FILES[0], environ=environ)

    assert at_home.services["edge"].environment["EDGE_ADDRESS"] == "http://:80"
    assert at_home.services["tasks"].environment["PUBLIC_URL"] == ""
    assert in_public.services["edge"].environment["EDGE_ADDRESS"] == "chat.example.com"
    public_url = in_public.services["tasks"].environment["PUBLIC_URL"]
    assert public_url == "https://chat.example.com"


def test_images_match_kubernetes_at_the_codes_version() -> None:
    project = compose.project(FILES[0])
    ours = {
        name: each.image for name, each in project.services.items() if "todochat/" in each.image
    }
    workloads = Manifests.load("everything").workloads()

    images = {each.name: each.container["image"] for each in workloads}
    in_cluster = {name: image for name, image in images.items() if "todochat/" in image}

    assert ours == in_cluster
    assert {image.partition(":")[2] for image in ours.values()} == {version("todochat")}


def test_compose_and_kubernetes_use_the_same_addresses() -> None:
    project, manifests = compose.project(FILES[0]), Manifests.load("production")

    for name in service_facts():
        in_compose = {
            key: value
            for key, value in project.services[name].environment.items()
            if value.startswith("http://")
        }
        in_cluster = {
            entry["name"]: entry["value"]
            for entry in manifests.workload(name).container["env"]
            if str(entry.get("value", "")).startswith("http://")
        }
        assert in_compose == in_cluster, name


def test_env_example_has_every_variable_and_is_current() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    named = {line[1:].partition("=")[0] for line in text.splitlines() if "=" in line[:60]}
    named = {name for name in named if name.replace("_", "").isupper()}
    put_in = set().union(*(compose.variables_of(compose.FOLDER / name) for name in FILES))
    settings = set().union(*(variables(struct) for _, _, struct in SECTIONS))

    assert text == render_env_example(), "run `make env-docs`"
    assert put_in <= named
    assert named <= put_in | settings


def test_secrets_are_strong_private_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = MAKE_SECRETS(folder)
    before = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    (folder / "openai_api_key").write_text("sk-mine", encoding="utf-8")
    (folder / "redis_url").unlink()

    again = MAKE_SECRETS(folder)

    after = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert set(first) == set(before) == set(after)
    assert again == ["redis_url"]
    assert after == {**before, "openai_api_key": "sk-mine"}  # the URL has its old password
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    strong = {name: value for name, value in before.items() if value}
    assert set(before) - set(strong) == {
        *("openai_api_key", "better_auth_secret", "external_issuers", "smtp_url")
    }
    assert min(len(value) for value in strong.values()) >= 43
    assert len(set(strong.values())) == len(strong)


def test_secrets_folder_is_ignored_by_git() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert "deploy/compose/secrets/" in lines


def test_prometheus_scrapes_every_service_at_its_port() -> None:
    (config,) = load_yaml(OBSERVABILITY / "prometheus/prometheus.yml")

    asked = {}
    for job in config["scrape_configs"]:
        (discovery,) = job["dns_sd_configs"]
        asked[job["job_name"]] = (discovery["names"], discovery["port"])

    assert asked.pop("edge") == (["edge"], 2020)  # EDGE_METRICS_ADDRESS of the Caddyfile
    assert asked == {name: ([name], facts.port) for name, facts in service_facts().items()}


def test_grafana_data_sources_exist() -> None:
    project = compose.project(FILES[0], FILES[2])
    (sources,) = load_yaml(PROVISIONING / "datasources/todochat.yaml")
    (dashboards,) = load_yaml(PROVISIONING / "dashboards/todochat.yaml")
    mounts = [volume.split(":")[1] for volume in project.services["grafana"].volumes]

    hosts = {each["url"].split("/")[2].split(":")[0] for each in sources["datasources"]}

    assert hosts <= set(project.services)
    assert dashboards["providers"][0]["options"]["path"] in mounts


def test_every_service_sends_traces_to_jaeger() -> None:
    project = compose.project(FILES[0], FILES[2])

    for facts in service_facts().values():
        environ = project.services[facts.name].environment
        assert environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
