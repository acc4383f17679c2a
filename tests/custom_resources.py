"""The fields of custom resources that the manifests use.

The cluster would refuse an unknown field, or worse, drop it.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Refuses unknown fields."""


Duration = Annotated[str, Meta(pattern=r"^\d+(ms|s|m|h)$")]
Count = Annotated[int, Meta(ge=0)]


class PathMatch(Strict):
    type: Literal["PathPrefix"]
    value: str


class RouteMatch(Strict):
    path: PathMatch


class RouteTimeouts(Strict):
    request: Duration
    backend_request: Duration


class BackendRef(Strict):
    name: str
    port: Annotated[int, Meta(ge=1, le=65535)]


class RouteRule(Strict):
    matches: list[RouteMatch]
    timeouts: RouteTimeouts
    backend_refs: list[BackendRef]


class ParentRef(Strict):
    name: str


class HttpRoute(Strict):
    parent_refs: list[ParentRef]
    hostnames: list[str]
    rules: list[RouteRule]


class ScaleTarget(Strict):
    name: str


class Fallback(Strict):
    failure_threshold: Count
    replicas: Count


class ScalingPolicy(Strict):
    type: Literal["Pods", "Percent"]
    value: Count
    period_seconds: Count


class ScalingRules(Strict):
    stabilization_window_seconds: Count
    policies: list[ScalingPolicy]


class Behavior(Strict):
    scale_down: ScalingRules


class AutoscalerConfig(Strict):
    behavior: Behavior


class Advanced(Strict):
    horizontal_pod_autoscaler_config: AutoscalerConfig


class QueryMetadata(Strict):
    query: str
    target_query_value: Annotated[str, Meta(pattern=r"^\d+$")]  # KEDA's metadata is text


class AuthenticationRef(Strict):
    name: str


class Trigger(Strict):
    type: Literal["postgresql"]
    metadata: QueryMetadata
    authentication_ref: AuthenticationRef


class ScaledObject(Strict):
    scale_target_ref: ScaleTarget
    min_replica_count: Count
    max_replica_count: Count
    polling_interval: Count
    cooldown_period: Count
    fallback: Fallback
    advanced: Advanced
    triggers: list[Trigger]


class SecretTarget(Strict):
    parameter: Literal["connection"]
    name: str
    key: str


class TriggerAuthentication(Strict):
    secret_target_ref: list[SecretTarget]


class Endpoint(Strict):
    port: str
    path: str
    interval: Duration
    scrape_timeout: Duration


class LabelSelector(Strict):
    match_labels: dict[str, str]


class ServiceMonitor(Strict):
    selector: LabelSelector
    job_label: str
    endpoints: list[Endpoint]


class Alert(Strict):
    alert: Annotated[str, Meta(pattern=r"^Todochat[A-Z]\w+$")]
    expr: str
    for_: Duration = msgspec.field(name="for")
    labels: dict[str, str]
    annotations: dict[str, str]


class AlertGroup(Strict):
    name: str
    rules: list[Alert]


class PrometheusRule(Strict):
    groups: list[AlertGroup]


STRUCTS: Final[dict[tuple[str, str], type[Strict]]] = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HttpRoute,
    ("keda.sh/v1alpha1", "ScaledObject"): ScaledObject,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): TriggerAuthentication,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): ServiceMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): PrometheusRule,
}


def check(doc: dict[str, Any]) -> None:
    """Validate a custom resource.

    Raises:
        KeyError: its kind is unknown.
        msgspec.ValidationError: it has an unknown field, or lacks a required one.
    """
    msgspec.convert(doc["spec"], STRUCTS[doc["apiVersion"], doc["kind"]])
