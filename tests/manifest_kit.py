"""Rendered Kubernetes manifests, and the traffic that their network policies allow."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from deploy_kit import ROOT, Doc, load_yaml
from todochat.identity.service_tokens import Arrow

RENDERED: Final = ROOT / "tests/deploy/rendered"
WORKLOADS: Final = ("Deployment", "StatefulSet", "Job", "CronJob")
PRIVATE_NETWORKS: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
    *("fc00::/7", "fe80::/10"),
)
SECRET_VALUES: Final = {
    "REDIS_URL": "redis://:p@valkey:6379/0",
    **{f"TODOCHAT_SERVICE_SECRET_{arrow.name}": "s" * 40 for arrow in Arrow},
    "AUTH_SESSION_KEY_SECRET": "k" * 40,
}


@dataclass(frozen=True)
class Workload:
    """An object that runs pods of one kind."""

    doc: Doc

    @property
    def name(self) -> str:
        return str(self.doc["metadata"]["name"])

    @property
    def kind(self) -> str:
        return str(self.doc["kind"])

    @property
    def template(self) -> Doc:
        spec: Doc = self.doc["spec"]
        template: Doc = (
            spec["jobTemplate"]["spec"]["template"] if self.kind == "CronJob" else spec["template"]
        )
        return template

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def pod(self) -> Doc:
        pod: Doc = self.template["spec"]
        return pod

    @property
    def container(self) -> Doc:
        container: Doc = self.pod["containers"][0]
        return container

    @property
    def command(self) -> tuple[str, ...]:
        """The module and arguments of `python -m`."""
        words = [*self.container.get("command", []), *self.container.get("args", [])]
        return tuple(words[2:]) if words[:2] == ["python", "-m"] else tuple(words)


class Manifests:
    """All objects of one rendering."""

    def __init__(self, docs: list[Doc]) -> None:
        self.docs = docs

    @classmethod
    def load(cls, name: str) -> "Manifests":
        return cls(load_yaml(RENDERED / f"{name}.yaml"))

    def of(self, kind: str) -> list[Doc]:
        return [doc for doc in self.docs if doc["kind"] == kind]

    def find(self, kind: str, name: str) -> Doc | None:
        return next((doc for doc in self.of(kind) if doc["metadata"]["name"] == name), None)

    def settings(self) -> list[Doc]:
        """The ConfigMaps whose entries become variables."""
        maps = self.of("ConfigMap")
        return [each for each in maps if each["metadata"]["name"].startswith("todochat-settings")]

    def workloads(self, *kinds: str) -> list[Workload]:
        return [Workload(doc) for kind in kinds or WORKLOADS for doc in self.of(kind)]

    def workload(self, name: str) -> Workload:
        return next(each for each in self.workloads() if each.name == name)

    def environment(self, workload: Workload) -> dict[str, str]:
        """Return a container's environment.

        A Secret that is not among the manifests contributes nothing if it is optional, else a
        plausible value.
        """
        environ: dict[str, str] = {}
        for source in workload.container.get("envFrom", []):
            config = self.find("ConfigMap", source["configMapRef"]["name"])
            environ |= config["data"] if config else {}
        for entry in workload.container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference is None:
                environ[entry["name"]] = entry["value"]
                continue
            secret = self.find("Secret", reference["name"])
            if secret is not None and reference["key"] in secret["data"]:
                encoded = secret["data"][reference["key"]]
                environ[entry["name"]] = base64.b64decode(encoded).decode()
            elif not reference.get("optional"):
                environ[entry["name"]] = SECRET_VALUES.get(entry["name"], "postgresql://u:p@h/d")
        return environ


def selects(selector: Doc, labels: dict[str, str]) -> bool:
    """Return whether a label selector matches."""
    wanted = selector.get("matchLabels", {}).items()
    if any(labels.get(key) != value for key, value in wanted):
        return False
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In", rule
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True


class Firewall:
    """The network policies' rules for the pods of one namespace and their egress."""

    def __init__(self, manifests: Manifests) -> None:
        self._policies = [doc["spec"] for doc in manifests.of("NetworkPolicy")]

    def allows(self, caller: Workload, callee: Workload, port: int) -> bool:
        """Return whether one pod reaches a port of another."""
        out = self._rules("egress", caller)
        into = self._rules("ingress", callee)
        return _passes(out, "to", callee, port) and _passes(into, "from", caller, port)

    def public_ports(self, caller: Workload) -> set[int | None]:
        """Return the ports that a pod reaches by IP blocks; None is every port."""
        return {
            each["port"] if each else None
            for rule in self._rules("egress", caller)
            if _ip_blocks(rule)
            for each in rule.get("ports", [None])
        }

    def reached_private_networks(self, caller: Workload) -> set[str]:
        """Return the private networks to which IP blocks lead a pod."""
        blocks = [block for rule in self._rules("egress", caller) for block in _ip_blocks(rule)]
        return {
            network
            for network in PRIVATE_NETWORKS
            if any(_leads_to(each, network) for each in blocks)
        }

    def reaches_stores(self, caller: Workload, port: int) -> bool:
        """Return whether a pod reaches a port at any address."""
        return any(
            _has_port(rule, port) and not rule.get("to") for rule in self._rules("egress", caller)
        )

    def _rules(self, direction: str, workload: Workload) -> list[Any]:
        return [
            rule
            for policy in self._policies
            if selects(policy["podSelector"], workload.labels)
            for rule in policy.get(direction, [])
        ]


def _passes(rules: list[Any], side: str, other: Workload, port: int) -> bool:
    return any(
        _has_port(rule, port)
        and (not rule.get(side) or any(_is_peer(peer, other) for peer in rule[side]))
        for rule in rules
    )


def _is_peer(peer: Doc, workload: Workload) -> bool:
    same_namespace = "namespaceSelector" not in peer and "ipBlock" not in peer
    return same_namespace and selects(peer["podSelector"], workload.labels)


def _ip_blocks(rule: Doc) -> list[Doc]:
    return [peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer]


def _leads_to(block: Doc, network: str) -> bool:
    target: Any = ip_network(network)
    cidr, *exceptions = (ip_network(each) for each in (block["cidr"], *block.get("except", [])))
    return (
        cidr.version == target.version
        and cidr.overlaps(target)
        and not any(target.subnet_of(each) for each in exceptions)
    )


def _has_port(rule: Doc, port: int) -> bool:
    return "ports" not in rule or any(each["port"] == port for each in rule["ports"])


def probes(workload: Workload) -> Iterator[tuple[str, Doc]]:
    """Return the HTTP probes of a container."""
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        if name in workload.container:
            yield name, workload.container[name]["httpGet"]
