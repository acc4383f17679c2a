"""Writes docs/configuration.md from the settings structs, so that it can't go stale."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from auth_session.settings import AuthSessionSettings
from chat_gateway.settings import ChatGatewaySettings
from tasks_service.settings import TasksSettings
from todo_agent.settings import TodoAgentSettings
from todochat.settings import ServiceSettings

HEADER: Final = """# Configuration

Environment variables, read once at start. A missing or malformed one stops the service with one
line that names it. The embedded stack (`make up`) sets what is required by itself; whatever is set
in its environment wins. Instead of `NAME`, `NAME_FILE` may give the path of a file with the value,
as secrets of containers are. Written by `make env-docs`; a test keeps it current.
"""

SECTIONS: Final[tuple[tuple[str, str, type[ServiceSettings]], ...]] = (
    ("auth-session", "Accounts, sign-in, keys, client secrets.", AuthSessionSettings),
    ("tasks", "Tasks and lists.", TasksSettings),
    ("todo-agent", "The api and the worker: threads, runs, the agent.", TodoAgentSettings),
    ("chat-gateway", "Client secrets in, server-sent events out.", ChatGatewaySettings),
)


def render() -> str:
    """Return the whole document."""
    shared = set(ServiceSettings.__struct_encode_fields__)
    parts = [HEADER, "## Every service\n", _table(ServiceSettings, frozenset())]
    for name, purpose, settings in SECTIONS:
        parts += [f"## {name}\n", f"{purpose}\n", _table(settings, frozenset(shared))]
    return "\n".join(parts)


def main(path: str) -> None:
    """Write the document."""
    Path(path).write_text(render(), encoding="utf-8")


def _table(settings: type[ServiceSettings], skip: frozenset[str]) -> str:
    hints = get_type_hints(settings, include_extras=True)
    rows = [
        _row(field, hints[field.name])
        for field in msgspec.structs.fields(settings)
        if field.encode_name not in skip
    ]
    return "\n".join(["| variable | type | default | meaning |", "|---|---|---|---|", *rows, ""])


def _row(field: msgspec.structs.FieldInfo, hint: Any) -> str:
    metas = [part for part in _parts(hint) if isinstance(part, Meta)]
    description = " ".join(meta.description for meta in metas if meta.description)
    secret = any((meta.extra or {}).get("secret") for meta in metas)
    kind = _type_name(hint) + (", secret" if secret else "")
    cells = (f"`{field.encode_name}`", kind + _bounds(metas), _default(field), description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Annotated else (hint,)


def _type_name(hint: Any) -> str:
    base = _parts(hint)[0]
    if get_origin(base) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(base) if value)
    named = {str: "text", int: "integer", float: "number", bool: "true or false"}
    options = [named[kind] for kind in get_args(base) or (base,) if kind in named]
    return " or ".join(options)


def _bounds(metas: list[Meta]) -> str:
    signs = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))
    found = [
        f" {sign} {getattr(meta, name):g}"
        for meta in metas
        for name, sign in signs
        if getattr(meta, name) is not None
    ]
    return ",".join(found)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default in ("", None):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    main(sys.argv[1])
