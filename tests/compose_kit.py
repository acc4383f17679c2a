"""Parses compose files like `docker compose`, as far as ours need it."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from deploy_kit import ROOT, Doc, load_yaml

FOLDER: Final = ROOT / "deploy/compose"
MOUNT: Final = "/run/secrets/"
# A variable with no other inside it.
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:(?P<sign>:[-+])(?P<word>[^${}]*))?\}")
_DOLLAR: Final = "\0"


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Refuses unknown keys: it knows those of the specification that our files use."""


Duration = Annotated[str, Meta(pattern=r"^\d+(s|m)$")]
Size = Annotated[str, Meta(pattern=r"^\d+(m|g)$")]
Restart = Annotated[str, Meta(pattern=r"^(unless-stopped|on-failure:\d+)$")]
Publish = Annotated[str, Meta(pattern=r"^(\d+\.\d+\.\d+\.\d+:)?\d+:\d+(/udp)?$")]


class EnvFile(Strict):
    path: str
    required: bool


class Health(Strict):
    test: list[str] = []
    interval: Duration = "30s"
    timeout: Duration = "30s"
    retries: int = 3
    start_period: Duration = "0s"
    start_interval: Duration = "5s"
    disable: bool = False


class Need(Strict):
    condition: Literal["service_healthy", "service_completed_successfully"]


class Limits(Strict):
    cpus: Annotated[str, Meta(pattern=r"^[\d.]+$")]
    memory: Size
    pids: int


class Resources(Strict):
    limits: Limits


class Deploy(Strict):
    resources: Resources
    replicas: Annotated[str, Meta(pattern=r"^\d+$")] | None = None


class Logging(Strict):
    driver: str
    options: dict[str, str]


class Watch(Strict):
    action: Literal["restart"]
    path: str


class Develop(Strict):
    watch: list[Watch]


class Service(Strict, kw_only=True):
    image: str
    deploy: Deploy | None = None
    entrypoint: list[str] | None = None
    command: list[str] | None = None
    environment: dict[str, str] = {}
    env_file: list[EnvFile] = []
    secrets: list[str] = []
    networks: list[str] = []
    volumes: list[str] = []
    ports: list[Publish] = []
    tmpfs: list[str] = []
    depends_on: dict[str, Need] | list[str] = {}
    healthcheck: Health | None = None
    restart: Restart
    user: str | None = None
    read_only: bool = False
    cap_drop: list[str]
    cap_add: list[str] = []
    security_opt: list[str]
    sysctls: dict[str, str] = {}
    shm_size: Size | None = None
    stop_grace_period: Duration = "10s"
    logging: Logging | None = None
    develop: Develop | None = None
    profiles: list[str] = []

    @property
    def is_checked(self) -> bool:
        """The file has a health check for it."""
        return self.healthcheck is not None and not self.healthcheck.disable


class Network(Strict):
    internal: bool = False


class Nothing(Strict):
    """A volume without options."""


class SecretFile(Strict):
    file: str


class Project(Strict):
    name: str
    services: dict[str, Service]
    networks: dict[str, Network]
    volumes: dict[str, Nothing]
    secrets: dict[str, SecretFile] = {}


def read(*names: str, environ: Mapping[str, str] | None = None) -> Doc:
    """Return files merged in order, with the variables substituted."""
    merged: Doc = {}
    for name in names:
        (doc,) = load_yaml(FOLDER / name)
        merged = _merge(merged, {key: doc[key] for key in doc if not key.startswith("x-")})
    put_in: Doc = _substitute(merged, environ or {})
    return put_in


def project(*names: str, environ: Mapping[str, str] | None = None) -> Project:
    """Return files merged in order, validated.

    Raises:
        msgspec.ValidationError: a key is unknown, or its value has the wrong type.
    """
    return parse(read(*names, environ=environ))


def parse(doc: Doc) -> Project:
    """Validate a project."""
    return msgspec.convert(doc, Project)


def variables_of(path: Path) -> set[str]:
    """Return the names of the variables that compose substitutes in a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.split(" #")[0] for line in lines if not line.lstrip().startswith("#"))
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))


def replace(text: str, environ: Mapping[str, str]) -> str:
    """Substitute variables, from the innermost to the outermost."""

    def value(match: re.Match[str]) -> str:
        given, word = environ.get(match["name"], ""), match["word"] or ""
        if match["sign"] == ":+":
            return word if given else ""
        return given or word

    text, count = text.replace("$$", _DOLLAR), 1
    while count:
        text, count = _VARIABLE.subn(value, text)
    return text.replace(_DOLLAR, "$")


def _substitute(node: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _substitute(value, environ) for key, value in node.items()}
    if isinstance(node, list):
        return [_substitute(value, environ) for value in node]
    return replace(node, environ) if isinstance(node, str) else node


def _merge(under: Any, over: Any) -> Any:
    """Merge mappings, append lists, and replace everything else."""
    if isinstance(under, dict) and isinstance(over, dict):
        merged = {key: copy.deepcopy(value) for key, value in under.items()}
        for key, value in over.items():
            merged[key] = _merge(merged[key], value) if key in merged else copy.deepcopy(value)
        return merged
    if isinstance(under, list) and isinstance(over, list):
        return [*under, *(each for each in over if each not in under)]
    return over
