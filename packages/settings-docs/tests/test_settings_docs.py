"""The generated pages describe each kind of setting."""

from typing import Annotated, Literal

import pytest
from msgspec import Meta

from settings_docs.configuration_page import bounds, render_table, type_name
from settings_docs.env_example import render_section
from settings_docs.fields import SECTIONS, setting_fields
from todochat.settings import ServiceSettings


class ExampleSettings(ServiceSettings, frozen=True, kw_only=True, rename=str.upper):
    """One setting of each kind."""

    port: Annotated[int, Meta(ge=1, le=65_535, description="Port to listen on.")] = 80
    api_key: Annotated[str, Meta(description="Key.", extra={"secret": True})]
    color: Literal["red", "blue"] = "red"
    verbose: bool = False


def skip_shared() -> set[str]:
    return set(ServiceSettings.__struct_encode_fields__)


def test_table_has_type_default_and_meaning() -> None:
    table = render_table(ExampleSettings, frozenset(skip_shared()))

    assert table.splitlines()[2:] == [
        "| `PORT` | integer >= 1, <= 65535 | `80` | Port to listen on. |",
        "| `API_KEY` | text, secret | required | Key. |",
        "| `COLOR` | `red`, `blue` | `red` |  |",
        "| `VERBOSE` | true or false | `false` |  |",
    ]


def test_env_example_leaves_secrets_out() -> None:
    section = render_section("example", ExampleSettings, skip_shared())

    assert section == [
        "# --- example ---\n",
        "# Port to listen on.\n#PORT=80\n",
        "#COLOR=red\n",
        "#VERBOSE=false\n",
    ]


@pytest.mark.parametrize(
    ("hint", "expected"), [(str | None, "text"), (float, "number"), (int | str, "integer or text")]
)
def test_type_name_is_in_words(hint: object, expected: str) -> None:
    assert type_name(hint) == expected


def test_field_without_limits_has_no_bounds() -> None:
    (verbose,) = (field for field in setting_fields(ExampleSettings) if field.name == "VERBOSE")

    assert bounds(verbose) == ""


def test_every_setting_of_every_service_has_a_description() -> None:
    missing = [
        f"{name}: {field.name}"
        for name, _, settings in SECTIONS
        for field in setting_fields(settings)
        if not field.description
    ]

    assert missing == []
