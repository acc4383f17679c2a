"""Rules for rendered manifests: each takes manifests and returns its complaints."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from deploy_kit import (
    HEALTH_PATHS,
    ONE_SHOTS,
    STANDARD_VARIABLES,
    Doc,
    arrow_complaint,
    edge_grace_s,
    service_facts,
    variables,
)
from manifest_kit import Firewall, Manifests, Workload, probes, selects
from todochat.settings import ServiceSettings, SettingsError, load_settings

SERVICES: Final = service_facts()
GATEWAY: Final = SERVICES["chat-gateway"]
EDGE: Final = "edge"
EXIT_S: Final = 5  # the time for the rest of the shutdown after the drain
HTTPS: Final = {443}
# Pod -> its ports of public addresses: the model's, and those of push services and a mail server.
PUBLIC_PORTS: Final = {"todo-agent-worker": HTTPS, "tasks": HTTPS | {465, 587}}
# Component that opens port 443 of public addresses -> its client.
PUBLIC_CALLERS: Final = {"dictation": "todo-agent-api", "external-issuers": "auth-session"}
OUR_SECRETS: Final = {"todochat", "todochat-store-ca"}

# Services of the operator behind the edge; the component extra-routes.
OPERATORS_PODS: Final = {"matchLabels": {"todochat/edge": "upstream"}}


def settings_are_known(manifests: Manifests) -> Iterator[str]:
    """A misspelt variable is read by no service."""
    shared = set().union(*(variables(each.settings) for each in SERVICES.values()))
    for config in manifests.settings():
        for name in set(config["data"]) - shared:
            yield f"{config['metadata']['name']}: {name} is no setting"
    for workload in manifests.workloads("Deployment", "Job", "CronJob"):
        struct = _struct(workload)
        if struct is not None:
            own = {entry["name"] for entry in workload.container.get("env", [])}
            for name in own - variables(struct) - STANDARD_VARIABLES:
                yield f"{workload.name}: {name} is no setting of it"


def settings_load(manifests: Manifests) -> Iterator[str]:
    """Every required setting is there, and none is malformed."""
    for workload in manifests.workloads("Deployment", "Job", "CronJob"):
        struct = _struct(workload)
        if struct is not None:
            try:
                load_settings(struct, manifests.environment(workload))
            except SettingsError as error:
                yield f"{workload.name}: {error}"


def services_have_the_keys_of_their_arrows(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        if workload.name in SERVICES and (
            complaint := arrow_complaint(workload.name, manifests.environment(workload))
        ):
            yield complaint


def services_run_their_command(manifests: Manifests) -> Iterator[str]:
    deployed = {each.name for each in manifests.workloads("Deployment")}
    for name in {*SERVICES, EDGE} - deployed if deployed else ():
        yield f"{name} is not deployed"
    for name in deployed - {EDGE}:
        command = manifests.workload(name).command
        if name not in SERVICES or command != SERVICES[name].command:
            yield f"{name}: runs {command}"


def ports_are_those_of_the_services(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        ports = {port["name"]: port["containerPort"] for port in workload.container["ports"]}
        if workload.name in SERVICES:
            facts = SERVICES[workload.name]
            environ = manifests.environment(workload)
            listens = int(environ.get(facts.port_variable, facts.port))
            if ports != {"http": listens}:
                yield f"{workload.name}: listens on {listens}, says {ports}"
            if environ.get(facts.host_variable) != "0.0.0.0":
                yield f"{workload.name}: {facts.host_variable} keeps others out"
        for name, probe in probes(workload):
            allowed = HEALTH_PATHS if workload.name in SERVICES else {"/"}
            if probe["path"] not in allowed or probe["port"] not in ports:
                yield f"{workload.name}: {name} asks {probe['path']} at {probe['port']}"


def probes_are_there(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        found = {name: probe["path"] for name, probe in probes(workload)}
        live, ready = ("/health/live", "/health/ready") if workload.name in SERVICES else ("/", "/")
        wanted = {"startupProbe": live, "livenessProbe": live, "readinessProbe": ready}
        if found != wanted:
            yield f"{workload.name}: has {found}"


def blocked_processes_are_restarted(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        if workload.name not in SERVICES:
            continue
        probe = workload.container["livenessProbe"]
        restart_s = probe["periodSeconds"] * probe["failureThreshold"]
        # A stall of 5 s counts as one failure; a single one restarts nothing.
        if probe["timeoutSeconds"] > 5 or probe["failureThreshold"] < 2 or restart_s > 30:
            yield f"{workload.name}: a blocked process is restarted after {restart_s} s"


def selectors_match(manifests: Manifests) -> Iterator[str]:
    workloads = manifests.workloads()
    for workload in manifests.workloads("Deployment", "StatefulSet"):
        if not selects(workload.doc["spec"]["selector"], workload.labels):
            yield f"{workload.name}: doesn't select its own pods"
        for spread in workload.pod.get("topologySpreadConstraints", []):
            if not selects(spread["labelSelector"], workload.labels):
                yield f"{workload.name}: spreads others' pods"
    for kind in ("Service", "PodDisruptionBudget"):
        for doc in manifests.of(kind):
            selector = doc["spec"]["selector"]
            selector = {"matchLabels": selector} if kind == "Service" else selector
            matched = [each.name for each in workloads if selects(selector, each.labels)]
            if matched != [doc["metadata"]["name"]]:
                yield f"{kind} {doc['metadata']['name']}: selects {matched}"


def policies_select_existing_pods(manifests: Manifests) -> Iterator[str]:
    for policy in manifests.of("NetworkPolicy"):
        # Migrations come before the services, whose pods the stores' policies select.
        peers = _peers(policy["spec"]) if manifests.workloads("Deployment") else ()
        for selector in (policy["spec"]["podSelector"], *peers):
            if selector != OPERATORS_PODS and not any(
                selects(selector, each.labels) for each in manifests.workloads()
            ):
                yield f"NetworkPolicy {policy['metadata']['name']}: no pod matches {selector}"


def services_lead_to_ports(manifests: Manifests) -> Iterator[str]:
    for service in manifests.of("Service"):
        name = service["metadata"]["name"]
        workload = manifests.workload(name)
        ports = {port["name"]: port["containerPort"] for port in workload.container["ports"]}
        for port in service["spec"]["ports"]:
            if ports.get(port["targetPort"]) != port["port"]:
                yield f"Service {name}: {port['port']} is not {port['targetPort']} of its pods"


def references_exist(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads():
        account = workload.pod.get("serviceAccountName")
        if account and manifests.find("ServiceAccount", account) is None:
            yield f"{workload.name}: no ServiceAccount {account}"
        for source in workload.container.get("envFrom", []):
            if manifests.find("ConfigMap", source["configMapRef"]["name"]) is None:
                yield f"{workload.name}: no ConfigMap {source['configMapRef']['name']}"
        for entry in workload.container.get("env", []):
            yield from _secret_complaints(manifests, workload, entry)
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for doc in manifests.of(kind):
            target = doc["spec"]["scaleTargetRef"]["name"]
            if manifests.find("Deployment", target) is None:
                yield f"{kind} {doc['metadata']['name']}: no Deployment {target}"


def addresses_exist(manifests: Manifests) -> Iterator[str]:
    """URL hosts are Services, and their ports are these Services'."""
    for caller, host, port in _calls(manifests):
        service = manifests.find("Service", host)
        ports = [each["port"] for each in service["spec"]["ports"]] if service else []
        if port not in ports:
            yield f"{caller}: calls {host}:{port}, there is {ports}"


def only_calls_are_allowed(manifests: Manifests) -> Iterator[str]:
    """The network policies allow the calls that the environment implies, and nothing else."""
    firewall = Firewall(manifests)
    called = {(caller, host) for caller, host, _ in _calls(manifests)}
    deployments = manifests.workloads("Deployment")
    for caller in deployments:
        for callee in deployments:
            port = callee.container["ports"][0]["containerPort"]
            allowed = firewall.allows(caller, callee, port)
            if allowed != ((caller.name, callee.name) in called):
                yield f"{caller.name} -> {callee.name}: {'allowed' if allowed else 'closed'}"


def only_clients_reach_stores(manifests: Manifests) -> Iterator[str]:
    firewall = Firewall(manifests)
    for workload in manifests.workloads("Deployment", "Job", "CronJob"):
        names = set(manifests.environment(workload))
        wants = {
            5432: any(name.endswith("DATABASE_URL") for name in names)
            or "DATABASE_ADMIN_URL" in names,
            6379: "REDIS_URL" in names,
        }
        for port, wanted in wants.items():
            if firewall.reaches_stores(workload, port) != wanted:
                yield f"{workload.name}: port {port} is {'closed' if wanted else 'open'}"


def only_listed_ports_are_called_outside(manifests: Manifests) -> Iterator[str]:
    """Each pod reaches exactly its ports of public addresses, and no private network by address."""
    firewall = Firewall(manifests)
    wanted = PUBLIC_PORTS | {
        who: HTTPS
        for name, who in PUBLIC_CALLERS.items()
        if manifests.find("NetworkPolicy", name) is not None
    }
    for workload in manifests.workloads():
        ports, own = firewall.public_ports(workload), wanted.get(workload.name, set())
        if ports != own:
            yield f"{workload.name}: reaches public ports {ports}, not {own}"
        for network in sorted(firewall.reached_private_networks(workload)):
            yield f"{workload.name}: reaches {network}"


def everything_is_denied_first(manifests: Manifests) -> Iterator[str]:
    if not manifests.workloads("Deployment"):
        return
    deny = manifests.find("NetworkPolicy", "default-deny")
    if deny is None or deny["spec"] != {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }:
        yield "default-deny doesn't deny everything"


def pods_are_restricted(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads():
        pod, container = workload.pod, workload.container
        context = container.get("securityContext", {})
        wanted = {
            "token": pod.get("automountServiceAccountToken") is False,
            "service links": pod.get("enableServiceLinks") is False,
            "root": pod.get("securityContext", {}).get("runAsNonRoot") is True,
            "seccomp": pod.get("securityContext", {}).get("seccompProfile")
            == {"type": "RuntimeDefault"},
            "escalation": context.get("allowPrivilegeEscalation") is False,
            "writable root": context.get("readOnlyRootFilesystem") is True,
            "capabilities": context.get("capabilities") == {"drop": ["ALL"]},
            "requests": {"cpu", "memory"} <= set(container["resources"].get("requests", {})),
            "limit": "memory" in container["resources"].get("limits", {}),
            "one container": len(pod["containers"]) == 1,
        }
        yield from (f"{workload.name}: {name}" for name, good in wanted.items() if not good)


def our_pods_can_write_to_tmp(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment", "Job", "CronJob"):
        volumes = {each["name"]: each for each in workload.pod.get("volumes", [])}
        mounted = {
            each["mountPath"]: volumes.get(each["name"])
            for each in workload.container.get("volumeMounts", [])
        }
        if "emptyDir" not in (mounted.get("/tmp") or {}):
            yield f"{workload.name}: no /tmp"
        if workload.pod["securityContext"].get("runAsUser") != 10001:
            yield f"{workload.name}: not the images' user"


def there_is_time_to_drain(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        grace_s = workload.pod.get("terminationGracePeriodSeconds", 30)
        if workload.name in SERVICES:
            settings = load_settings(
                SERVICES[workload.name].settings, manifests.environment(workload)
            )
            needed_s = settings.drain_delay_s + settings.drain_timeout_s + EXIT_S
        else:
            pause = workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
            streams_s = edge_grace_s(manifests.environment(workload))
            needed_s = pause.get("seconds", 0) + streams_s + EXIT_S
            if not pause:
                yield f"{workload.name}: stops before proxies have heard of it"
            gateway = manifests.environment(manifests.workload("chat-gateway"))
            if streams_s < load_settings(GATEWAY.settings, gateway).drain_timeout_s:
                yield f"{workload.name}: breaks streams off that gateways let finish"
        if grace_s < needed_s:
            yield f"{workload.name}: has {grace_s} s, needs {needed_s:.0f} s"


def deployments_survive_a_node(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads("Deployment"):
        if manifests.find("PodDisruptionBudget", workload.name) is None:
            yield f"{workload.name}: no PodDisruptionBudget"
        keys = {each["topologyKey"] for each in workload.pod.get("topologySpreadConstraints", [])}
        if keys != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
            yield f"{workload.name}: spread over {keys}"


def replicas_have_one_owner(manifests: Manifests) -> Iterator[str]:
    scaled = [
        doc["spec"]["scaleTargetRef"]["name"]
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for doc in manifests.of(kind)
    ]
    for workload in manifests.workloads("Deployment"):
        deciders = scaled.count(workload.name) + ("replicas" in workload.doc["spec"])
        if deciders != 1:
            yield f"{workload.name}: {deciders} things decide how many"


def routes_lead_to_the_edge(manifests: Manifests) -> Iterator[str]:
    for ingress in manifests.of("Ingress"):
        paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
        backend = {"service": {"name": EDGE, "port": {"name": "http"}}}
        if paths != [{"path": "/", "pathType": "Prefix", "backend": backend}]:
            yield f"Ingress: {paths}"
        buffering = "nginx.ingress.kubernetes.io/proxy-buffering"
        if ingress["metadata"]["annotations"].get(buffering) != "off":
            yield "Ingress: streams are buffered"
    for route in manifests.of("HTTPRoute"):
        (rule,) = route["spec"]["rules"]
        match = {"path": {"type": "PathPrefix", "value": "/"}}
        if rule["matches"] != [match] or rule["backendRefs"] != [{"name": EDGE, "port": 8000}]:
            yield f"HTTPRoute: {rule}"
        if rule["timeouts"] != {"request": "0s", "backendRequest": "0s"}:
            yield f"HTTPRoute: cuts streams after {rule['timeouts']}"


def images_have_a_version(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads():
        image = workload.container["image"]
        if not re.fullmatch(r"[\w./-]+:(?!latest)[\w.-]+(@sha256:\w+)?", image):
            yield f"{workload.name}: {image}"


RULES: Final = (
    settings_are_known,
    settings_load,
    services_have_the_keys_of_their_arrows,
    services_run_their_command,
    ports_are_those_of_the_services,
    probes_are_there,
    blocked_processes_are_restarted,
    selectors_match,
    policies_select_existing_pods,
    services_lead_to_ports,
    references_exist,
    addresses_exist,
    only_calls_are_allowed,
    only_clients_reach_stores,
    only_listed_ports_are_called_outside,
    everything_is_denied_first,
    pods_are_restricted,
    our_pods_can_write_to_tmp,
    there_is_time_to_drain,
    deployments_survive_a_node,
    replicas_have_one_owner,
    routes_lead_to_the_edge,
    images_have_a_version,
)


def _struct(workload: Workload) -> type[msgspec.Struct] | type[ServiceSettings] | None:
    if workload.name in SERVICES:
        return SERVICES[workload.name].settings
    return ONE_SHOTS.get(workload.command)


def _calls(manifests: Manifests) -> Iterator[tuple[str, str, int]]:
    """Yield each call's host and port, by URLs and upstreams in the environment."""
    for workload in manifests.workloads("Deployment"):
        for entry in workload.container.get("env", []):
            name, value = entry["name"], str(entry.get("value", ""))
            if name.endswith("_URL") and value.startswith("http://"):
                parts = urlsplit(value)
                yield workload.name, str(parts.hostname), parts.port or 80
            elif name.endswith("_UPSTREAMS"):
                for upstream in value.split():
                    host, _, port = upstream.partition(":")
                    yield workload.name, host, int(port)


def _peers(spec: Doc) -> Iterator[Doc]:
    """Return the selectors of other pods of this namespace."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction, []):
            for peer in rule.get(side, []):
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    yield peer["podSelector"]


def _secret_complaints(manifests: Manifests, workload: Workload, entry: Doc) -> Iterator[str]:
    reference = entry.get("valueFrom", {}).get("secretKeyRef")
    if reference is None:
        return
    secret = manifests.find("Secret", reference["name"])
    if reference["name"] not in OUR_SECRETS:
        yield f"{workload.name}: Secret {reference['name']} is in no manifest"
    elif secret and reference["key"] not in secret["data"] and not reference.get("optional"):
        yield f"{workload.name}: Secret {reference['name']} has no {reference['key']}"
