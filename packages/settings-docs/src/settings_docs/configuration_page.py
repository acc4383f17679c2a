"""Renders docs/configuration.md; a test compares it with the settings structs."""

import sys
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from settings_docs.fields import SECTIONS, SHARED, SettingField, setting_fields
from todochat.settings import ServiceSettings

HEADER: Final = """# Configuration

Environment variables, read once at startup. If one is missing or malformed, the service exits with
one line that names it. The local stack (`make up`) sets the required ones; variables in its
environment override its own. Instead of `NAME`, `NAME_FILE` can give the path of a file that holds
the value, as for container secrets. `make env-docs` generates this page; a test checks that it is
current.
"""
TYPE_NAMES: Final = {str: "text", int: "integer", float: "number", bool: "true or false"}
BOUNDS: Final = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))


def render_configuration() -> str:
    """Return the whole page."""
    parts = [HEADER, "## Every service\n", render_table(ServiceSettings, frozenset())]
    for name, purpose, settings in SECTIONS:
        parts += [f"## {name}\n", f"{purpose}\n", render_table(settings, SHARED)]
    return "\n".join(parts)


def render_table(settings: type[ServiceSettings], skip: frozenset[str]) -> str:
    """Return a Markdown table of a struct's settings."""
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for field in setting_fields(settings, skip):
        default = f"`{field.default}`" if field.default else ""
        cells = (
            f"`{field.name}`",
            type_name(field.type) + (", secret" if field.is_secret else "") + bounds(field),
            "required" if field.required else default,
            field.description,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*rows, ""])


def type_name(hint: Any) -> str:
    """Return a type in words, or the values of a Literal."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint) if value)
    return " or ".join(TYPE_NAMES[kind] for kind in get_args(hint) or (hint,) if kind in TYPE_NAMES)


def bounds(field: SettingField) -> str:
    """Return the limits of a number, such as ` >= 1, <= 10`."""
    return ",".join(
        f" {sign} {getattr(meta, name):g}"
        for meta in field.metas
        for name, sign in BOUNDS
        if getattr(meta, name) is not None
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_configuration(), encoding="utf-8")
