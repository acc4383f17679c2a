"""The compatibility page and the shared constants match the installed openai-chatkit."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from chatkit import types, widgets
from pydantic import TypeAdapter

from todochat.contracts.requests import STREAMING_REQUEST_TYPES

PAGE = (Path(__file__).parents[1] / "docs/chatkit-compatibility.md").read_text(encoding="utf-8")


def rows(heading: str) -> set[str]:
    """Return the keys in the first column of a section's table."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \| \w+ \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}


def kinds(union: Any) -> set[str]:
    """Return the `type` of each member of a union of models."""
    members = get_args(union)
    if len(members) == 2 and get_args(members[0]):  # an Annotated one
        members = get_args(members[0])
    return {member.model_fields["type"].default for member in members}


@pytest.mark.parametrize(
    ("heading", "union"),
    [
        ("Requests", types.StreamingReq | types.NonStreamingReq),
        ("Events of a stream", types.ThreadStreamEvent),
        ("Updates of an item", types.ThreadItemUpdate),
        ("Items", types.ThreadItem),
    ],
)
def test_page_has_a_row_for_each_protocol_type(heading: str, union: Any) -> None:
    assert len(kinds(union)) > 8

    assert rows(heading) == kinds(union)


def test_streaming_request_types_match_the_installed_chatkit() -> None:
    assert kinds(types.StreamingReq) == STREAMING_REQUEST_TYPES
    assert not kinds(types.NonStreamingReq) & STREAMING_REQUEST_TYPES


def test_page_lists_each_property_of_a_python_widget() -> None:
    schema = TypeAdapter[Any](widgets.WidgetRoot).json_schema()
    shapes = [shape.get("properties", {}) for shape in schema["$defs"].values()]
    components = {
        kind: set(properties) - {"type"}
        for properties in shapes
        if (kind := properties.get("type", {}).get("const")) and kind[0].isupper()
    }
    notes = dict(re.findall(r"^\| `([A-Z][\w.]*)` \| \w+ \| (.*) \| .+ \|$", PAGE, re.MULTILINE))
    assert len(components) > 20

    missing = {
        kind: sorted(names - set(re.findall(r"\w+", notes[kind])))
        for kind, names in components.items()
    }

    assert {kind: names for kind, names in missing.items() if names} == {}
