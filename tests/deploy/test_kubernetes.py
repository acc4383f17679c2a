"""The Kubernetes manifests agree with the API, with the services, and with compose."""

import copy
import functools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import custom_resources
import manifest_rules as rules
from deploy_kit import ROOT, Doc, check_database_urls, program
from manifest_kit import Manifests

RENDER = program("deploy/kubernetes/render.py")
TARGETS = list(RENDER["TARGETS"])
KUSTOMIZE = RENDER["kustomize"]()
OLDEST = "1.30"
GUIDE = (ROOT / "docs/operations/install-kubernetes.md").read_text(encoding="utf-8")
Rule = Callable[[Manifests], Iterator[str]]


@pytest.fixture(scope="module")
def rendered() -> dict[str, Manifests]:
    return {name: Manifests.load(name) for name in TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_rendered_manifests_are_current(name: str) -> None:
    with (RENDER["RENDERED"] / f"{name}.yaml").open(encoding="utf-8") as file:
        first_line = file.readline()

    assert first_line == RENDER["header"](), "run `make manifests` and commit what it wrote"


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.skipif(KUSTOMIZE is None, reason="this machine has no kubectl")
def test_kubectl_renders_the_same_manifests(name: str, rendered: dict[str, Manifests]) -> None:
    text = RENDER["render"](KUSTOMIZE, RENDER["TARGETS"][name])
    docs = list(yaml.load_all(text, Loader=yaml.CSafeLoader))

    assert by_name(docs) == by_name(rendered[name].docs)


def by_name(docs: list[Doc]) -> dict[tuple[str, str], Doc]:
    """Sort objects independently of the version of kustomize."""
    return {(doc["kind"], doc["metadata"]["name"]): doc for doc in docs}


@pytest.mark.parametrize("wanted", [OLDEST, "newest"])
def test_kubernetes_api_accepts_every_object(
    wanted: str, rendered: dict[str, Manifests], monkeypatch: pytest.MonkeyPatch
) -> None:
    import kubernetes_validate  # type: ignore[import-untyped]  # noqa: PLC0415 - takes seconds

    version = kubernetes_validate.latest_version() if wanted == "newest" else wanted
    # It would read 1.5 MB of schemas for each object.
    read = kubernetes_validate.utils.schema_contents
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", functools.cache(read))
    checked: list[Doc] = []

    for doc in (
        doc for name in ("everything", "dev", "dev-migrate") for doc in rendered[name].docs
    ):
        key = (doc["apiVersion"], doc["kind"])
        if key not in custom_resources.STRUCTS and doc not in checked:
            kubernetes_validate.validate(doc, version, strict=True)
            checked.append(doc)

    assert {doc["kind"] for doc in checked} >= {"Deployment", "Job", "NetworkPolicy", "Ingress"}


def test_custom_resources_have_only_known_fields(rendered: dict[str, Manifests]) -> None:
    kinds = {kind for _, kind in custom_resources.STRUCTS}
    found = [doc for doc in rendered["everything"].docs if doc["kind"] in kinds]

    for doc in found:
        custom_resources.check(doc)

    assert {doc["kind"] for doc in found} == kinds


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_manifests_follow_the_rule(name: str, rule: Rule, rendered: dict[str, Manifests]) -> None:
    assert list(rule(rendered[name])) == []


def container(manifests: Manifests, name: str) -> Any:
    return manifests.workload(name).container


def entry(manifests: Manifests, name: str, variable: str) -> Any:
    return next(each for each in container(manifests, name)["env"] if each["name"] == variable)


def policy(manifests: Manifests, name: str) -> Any:
    found = manifests.find("NetworkPolicy", name)
    assert found is not None
    return found["spec"]


def named(manifests: Manifests, kind: str, name: str) -> Any:
    return manifests.find(kind, name)


def drop(manifests: Manifests, kind: str, name: str) -> None:
    manifests.docs.remove(named(manifests, kind, name))


# The mistake, the rule that reports it, and a word of its complaint.
BREAKAGES: list[tuple[Callable[[Manifests], Any], Rule, str]] = [
    (
        lambda m: entry(m, "tasks", "AUTH_SESSION_URL").update(name="AUTH_SESION_URL"),
        rules.settings_are_known,
        "AUTH_SESION_URL",
    ),
    (
        lambda m: m.workload("backup").pod["securityContext"].pop("runAsNonRoot"),
        rules.pods_are_restricted,
        "backup: root",
    ),
    (
        lambda m: m.workload("backup").labels.pop("todochat/postgres"),
        rules.only_clients_reach_stores,
        "backup: port 5432 is closed",
    ),
    (
        lambda m: m.settings()[0]["data"].update(TASKS_PAGE_SIZE="3"),
        rules.settings_are_known,
        "TASKS_PAGE_SIZE",
    ),
    (
        lambda m: container(m, "tasks")["env"].remove(entry(m, "tasks", "TASKS_JOBS_DATABASE_URL")),
        rules.settings_load,
        "setting TASKS_JOBS_DATABASE_URL is required",
    ),
    (
        lambda m: m.settings()[0]["data"].update(DRAIN_TIMEOUT_S="soon"),
        rules.settings_load,
        "DRAIN_TIMEOUT_S",
    ),
    (
        lambda m: container(m, "chat-gateway")["env"].append(
            entry(m, "tasks", "TODOCHAT_SERVICE_SECRET_AUTH_TO_TASKS")
        ),
        rules.services_have_the_keys_of_their_arrows,
        "chat-gateway: has",
    ),
    (
        lambda m: container(m, "todo-agent-worker").update(args=["api"]),
        rules.services_run_their_command,
        "todo-agent-worker",
    ),
    (
        lambda m: container(m, "tasks")["ports"][0].update(containerPort=8001),
        rules.ports_are_those_of_the_services,
        "listens on 8002",
    ),
    (
        lambda m: entry(m, "tasks", "TASKS_HOST").update(value="127.0.0.1"),
        rules.ports_are_those_of_the_services,
        "TASKS_HOST",
    ),
    (
        lambda m: container(m, "tasks")["readinessProbe"]["httpGet"].update(path="/readyz"),
        rules.ports_are_those_of_the_services,
        "/readyz",
    ),
    (
        lambda m: container(m, "tasks")["livenessProbe"]["httpGet"].update(path="/health/ready"),
        rules.probes_are_there,
        "tasks",
    ),
    (
        lambda m: container(m, "tasks")["livenessProbe"].update(failureThreshold=6),
        rules.blocked_processes_are_restarted,
        "tasks: a blocked process is restarted after 60 s",
    ),
    (
        lambda m: named(m, "Service", "tasks")["spec"]["selector"].update(
            {"app.kubernetes.io/name": "task"}
        ),
        rules.selectors_match,
        "Service tasks: selects []",
    ),
    (
        lambda m: policy(m, "to-model")["podSelector"]["matchLabels"].update(
            {"app.kubernetes.io/name": "worker"}
        ),
        rules.policies_select_existing_pods,
        "to-model",
    ),
    (
        lambda m: named(m, "Service", "tasks")["spec"]["ports"][0].update(targetPort="web"),
        rules.services_lead_to_ports,
        "8002 is not web",
    ),
    (
        lambda m: drop(m, "ServiceAccount", "chat-gateway"),
        rules.references_exist,
        "no ServiceAccount chat-gateway",
    ),
    (
        lambda m: entry(m, "tasks", "AUTH_SESSION_URL").update(value="http://auth-session:8002"),
        rules.addresses_exist,
        "auth-session:8002",
    ),
    (
        lambda m: drop(m, "NetworkPolicy", "chat-gateway"),
        rules.only_calls_are_allowed,
        "edge -> chat-gateway: closed",
    ),
    (
        lambda m: policy(m, "default-deny").update(egress=[{}], ingress=[{}]),
        rules.only_calls_are_allowed,
        "chat-gateway -> tasks: allowed",
    ),
    (
        lambda m: m.workload("chat-gateway").labels.update({"todochat/postgres": "client"}),
        rules.only_clients_reach_stores,
        "chat-gateway: port 5432 is open",
    ),
    (
        lambda m: policy(m, "to-model").update(podSelector={}),
        rules.only_listed_ports_are_called_outside,
        "chat-gateway: reaches public ports {443}",
    ),
    (
        lambda m: policy(m, "to-push-services")["egress"][0]["ports"].append({"port": 25}),
        rules.only_listed_ports_are_called_outside,
        "tasks: reaches public ports",
    ),
    (
        lambda m: policy(m, "to-push-services")["egress"][0].pop("ports"),
        rules.only_listed_ports_are_called_outside,
        "tasks: reaches public ports {None}",
    ),
    (
        lambda m: drop(m, "NetworkPolicy", "to-push-services"),
        rules.only_listed_ports_are_called_outside,
        "tasks: reaches public ports set()",
    ),
    (
        lambda m: policy(m, "to-push-services")["egress"][0]["to"][0]["ipBlock"]["except"].pop(),
        rules.only_listed_ports_are_called_outside,
        "tasks: reaches 169.254.0.0/16",
    ),
    (
        lambda m: drop(m, "NetworkPolicy", "default-deny"),
        rules.everything_is_denied_first,
        "default-deny",
    ),
    (
        lambda m: m.workload("tasks").pod.pop("enableServiceLinks"),
        rules.pods_are_restricted,
        "tasks: service links",
    ),
    (
        lambda m: container(m, "edge")["securityContext"].update(readOnlyRootFilesystem=False),
        rules.pods_are_restricted,
        "edge: writable root",
    ),
    (
        lambda m: container(m, "tasks").pop("volumeMounts"),
        rules.our_pods_can_write_to_tmp,
        "tasks: no /tmp",
    ),
    (
        lambda m: m.settings()[0]["data"].update(DRAIN_TIMEOUT_S="60"),
        rules.there_is_time_to_drain,
        "tasks: has 45 s, needs 70 s",
    ),
    (
        lambda m: container(m, "edge").pop("lifecycle"),
        rules.there_is_time_to_drain,
        "edge: stops before",
    ),
    (
        lambda m: entry(m, "edge", "EDGE_GRACE_PERIOD").update(value="3s"),
        rules.there_is_time_to_drain,
        "edge: breaks streams off",
    ),
    (
        lambda m: drop(m, "PodDisruptionBudget", "tasks"),
        rules.deployments_survive_a_node,
        "tasks: no PodDisruptionBudget",
    ),
    (
        lambda m: m.workload("chat-gateway").doc["spec"].update(replicas=2),
        rules.replicas_have_one_owner,
        "chat-gateway: 2 things",
    ),
    (
        lambda m: named(m, "HTTPRoute", "todochat")["spec"]["rules"][0]["timeouts"].update(
            request="60s"
        ),
        rules.routes_lead_to_the_edge,
        "60s",
    ),
    (
        lambda m: container(m, "tasks").update(image="todochat/tasks:latest"),
        rules.images_have_a_version,
        "todochat/tasks:latest",
    ),
]


@pytest.mark.parametrize(
    ("broken", "rule", "complaint"),
    BREAKAGES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_reports_a_violation(
    broken: Callable[[Manifests], Any], rule: Rule, complaint: str, rendered: dict[str, Manifests]
) -> None:
    manifests = Manifests(copy.deepcopy(rendered["everything"].docs))

    broken(manifests)

    assert any(complaint in each for each in rule(manifests))


def test_every_rule_has_a_violation_test() -> None:
    assert {rule for _, rule, _ in BREAKAGES} == set(rules.RULES)


def test_overlays_and_guide_name_every_component() -> None:
    folder = ROOT / "deploy/kubernetes"
    components = {path.name for path in (folder / "components").iterdir() if path.is_dir()}
    offered = components - {"hardened", "engines"}  # in every base; for evaluation
    overlay = folder / "overlays/production"
    texts = [path.read_text(encoding="utf-8") for path in overlay.rglob("kustomization.yaml")]

    assert {name for name in offered if f"components/{name}" in "".join(texts)} == offered
    assert {name for name in offered if f"`{name}`" in GUIDE} == offered


def test_guide_names_every_key_of_the_secret(rendered: dict[str, Manifests]) -> None:
    entries = [
        entry
        for workload in rendered["everything"].workloads()
        for entry in workload.container.get("env", [])
    ]
    (queue,) = rendered["everything"].of("TriggerAuthentication")
    references = [each["valueFrom"]["secretKeyRef"] for each in entries if "valueFrom" in each]

    keys = {each["key"] for each in [*references, *queue["spec"]["secretTargetRef"]]}

    assert len(keys) > 12
    assert {key for key in keys if key in GUIDE} == keys


def test_evaluation_secret_names_the_roles(rendered: dict[str, Manifests]) -> None:
    manifests = rendered["dev-migrate"]

    check_database_urls(manifests.environment(manifests.workload("databases")))


class FakeKubectl:
    """A kubectl that records its calls, and fails at the chosen one."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "asked"
        self._program = folder / "kubectl"
        self.fail_at("nothing")

    def fail_at(self, verb: str) -> None:
        script = f'#!/bin/sh\necho "$*" >> {self._log}\ncase "$*" in *" {verb} "*) exit 1;; esac\n'
        self._program.write_text(script, encoding="utf-8")
        self._program.chmod(0o755)

    def apply(self, *arguments: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            [str(ROOT / "deploy/kubernetes/apply.sh"), *arguments],
            env={"PATH": f"{self._program.parent}:/usr/bin:/bin"},
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.returncode, self._log.read_text(encoding="utf-8").splitlines()


def test_services_are_updated_after_the_migrations(tmp_path: Path) -> None:
    status, asked = FakeKubectl(tmp_path).apply("production", "--context", "here")

    verbs = [
        next(word for word in line.split() if word in {"delete", "apply", "wait", "rollout"})
        for line in asked
    ]
    assert status == 0
    assert verbs[:4] == ["delete", "apply", "wait", "apply"]
    assert set(verbs[4:]) == {"rollout"}
    assert asked[1].endswith("overlays/production/migrate")
    assert asked[3].endswith("overlays/production")
    assert all(line.startswith("--context here") for line in asked)
    deployments = {line.split("deployment/")[1].split()[0] for line in asked[4:]}
    assert deployments == {*rules.SERVICES, rules.EDGE}


def test_failed_migration_leaves_the_services_unchanged(tmp_path: Path) -> None:
    kubectl = FakeKubectl(tmp_path)
    kubectl.fail_at("wait")

    status, asked = kubectl.apply("production")

    assert status == 1
    assert not any(line.endswith("overlays/production") for line in asked)
    assert not any("rollout" in line for line in asked)
