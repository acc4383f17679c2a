"""Writes deploy/compose/.env.example: compose's own variables and every setting, with its default."""

import sys
import textwrap
from pathlib import Path
from typing import Annotated, Final, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from todochat.settings import ServiceSettings
from todochat_local.env_docs import SECTIONS

# compose.yaml says these: where the parts are is its own business.
SET_BY_COMPOSE: Final = frozenset(
    {
        "REDIS_URL",
        "AUTH_JWKS_URL",
        "AUTH_SESSION_URL",
        "TASKS_URL",
        "TODO_AGENT_URL",
        *(f"{prefix}_{end}" for prefix in ("AUTH_SESSION", "TASKS") for end in ("HOST", "PORT")),
        *(f"TODO_AGENT_{name}" for name in ("HOST", "PORT", "WORKER_HOST", "WORKER_PORT")),
        "CHAT_GATEWAY_HOST",
        "CHAT_GATEWAY_PORT",
        "PUBLIC_URL",
        "FORWARDED_ALLOW_IPS",
    }
)

HEADER: Final = """\
# Copy this to .env beside compose.yaml. Everything is optional. Written by `make env-docs`.
#
# No secret belongs here: they are files in secrets/, made by `make secrets`. The model's key goes
# into secrets/openai_api_key.

# --- compose ---

# The domain people open, without https://. It turns HTTPS on: Caddy gets a certificate for it and
# renews it. The domain's DNS entry must lead here, and the two ports below must be open.
#TODOCHAT_DOMAIN=chat.example.com
#EDGE_HTTP_PORT=80
#EDGE_HTTPS_PORT=443
# As they are by default only this host can open the site, at http://localhost:8000.
#EDGE_HTTP_PORT=127.0.0.1:8000
#EDGE_HTTPS_PORT=127.0.0.1:8443

# The address people open, if it isn't https://TODOCHAT_DOMAIN or http://localhost:8000.
#PUBLIC_URL=
# Networks of a proxy of yours in front of the edge, whose X-Forwarded-For is believed.
#EDGE_TRUSTED_PROXIES=
# Largest request body at the edge; services have limits of their own.
#EDGE_MAX_BODY=16MB
# Networks whose X-Forwarded-For the services believe: the private ones, where the edge is.
#FORWARDED_ALLOW_IPS=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7

# Where the images come from, with a slash at its end, and which ones.
#TODOCHAT_REGISTRY=
#TODOCHAT_VERSION=0.1.0

# How many of the two that scale.
#TODOCHAT_WORKERS=1
#TODOCHAT_GATEWAYS=1

# Where `docker compose run --rm backup` puts what it saves, and after how many days that goes.
#TODOCHAT_BACKUPS=./backups
#TODOCHAT_BACKUP_KEEP_DAYS=14

# With compose.observability.yaml: ports of Grafana and Jaeger, on this host alone.
#GRAFANA_PORT=3001
#JAEGER_PORT=16686
"""


def render() -> str:
    """Return the whole file."""
    shared = set(ServiceSettings.__struct_encode_fields__)
    seen: set[str] = set()
    parts = [HEADER, *_section("every service", ServiceSettings, seen)]
    for name, _, settings in SECTIONS:
        parts += _section(name, settings, seen | shared)
        seen |= set(settings.__struct_encode_fields__)
    return "\n".join(parts)


def main(path: str) -> None:
    """Write the file."""
    Path(path).write_text(render(), encoding="utf-8")


def _section(name: str, settings: type[ServiceSettings], skip: set[str]) -> list[str]:
    hints = get_type_hints(settings, include_extras=True)
    entries = [
        _entry(field, _metas(hints[field.name]))
        for field in msgspec.structs.fields(settings)
        if field.encode_name not in skip | SET_BY_COMPOSE
        and not _is_secret(_metas(hints[field.name]))
    ]
    return [f"# --- {name} ---\n", *entries]


def _metas(hint: object) -> list[Meta]:
    parts = get_args(hint) if get_origin(hint) is Annotated else ()
    return [part for part in parts if isinstance(part, Meta)]


def _is_secret(metas: list[Meta]) -> bool:
    return any((meta.extra or {}).get("secret") for meta in metas)


def _entry(field: msgspec.structs.FieldInfo, metas: list[Meta]) -> str:
    meaning = " ".join(meta.description for meta in metas if meta.description)
    lines = textwrap.wrap(meaning, 97, initial_indent="# ", subsequent_indent="# ")
    default = "" if field.default is None else field.default
    default = str(default).lower() if isinstance(default, bool) else default
    return "\n".join([*lines, f"#{field.encode_name}={default}", ""])


if __name__ == "__main__":
    main(sys.argv[1])
