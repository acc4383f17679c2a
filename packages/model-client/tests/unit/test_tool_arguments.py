import json
from typing import Any

import pytest
from completion_kit import TEXT_OR_NULL, TOOLS

from model_client.tool_arguments import Schema, clean_tool_name, split_arguments

BOOK = TOOLS["book_room"]


def repair_arguments(arguments: str, schema: Schema) -> str:
    """Return the arguments of a single call."""
    (repaired,) = split_arguments(arguments, schema)
    return repaired


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ('{"room": "A"}', {"room": "A"}),
        ("{'room': 'A', 'note': None}", {"room": "A", "note": None}),
        ("{'room': 'A', 'note': 'It\\'s'}", {"room": "A", "note": "It's"}),
        ('{"room": "A", "note": "two\nlines"}', {"room": "A", "note": "two\nlines"}),
        ('{}{"room": "A"}', {"room": "A"}),
        ('{} {"room": "A"}', {"room": "A"}),
        ('"{\\"room\\": \\"A\\"}"', {"room": "A"}),
        ('```json\n{"room": "A"}\n```', {"room": "A"}),
        ('{"room": "A"}}', {"room": "A"}),
        ('{"room": "A"}<|call|>', {"room": "A"}),
        ('{"room": "A"}\n</tool_call>', {"room": "A"}),
        ('{"room": "A", "note": None}', {"room": "A", "note": None}),
        ('{"room": "None", "note": None}', {"room": "None", "note": None}),
        ('{"room": None, "note": "None of them"}', {"room": None, "note": "None of them"}),
        ('{"room": "True", "note": "False", "guests": null, "level": None}',
         {"room": "True", "note": "False", "guests": None, "level": None}),
        ('{"room": "A", "note": true, "guests": False}', {"room": "A", "note": True, "guests": False}),
        ("{'room': 'true', 'note': false}", {"room": "true", "note": False}),
        ('{"room": "A", "note": "null"}', {"room": "A", "note": None}),
        ('{"room": "A", "note": "None"}', {"room": "A", "note": None}),
        ('{"room": "A", "note": "undefined"}', {"room": "A", "note": None}),
        ('{"room": "None"}', {"room": "None"}),
        ('{"room": "A", "level": "none"}', {"room": "A", "level": "none"}),
        ('{"room": "A", "level": "null"}', {"room": "A", "level": None}),
        ('{"room": "A", "guests": "[\\"Ann\\"]"}', {"room": "A", "guests": ["Ann"]}),
        ('{"room": "A", "guests": "[\'Ann\']"}', {"room": "A", "guests": ["Ann"]}),
        ('{"room": "A", "guests": "Ann"}', {"room": "A", "guests": "Ann"}),
        ('{"room": "A", "note": "[1]"}', {"room": "A", "note": "[1]"}),
        ('{"room": "A", "reason": "asked"}', {"room": "A"}),
        ("", {}),
        ("null", {}),
    ],
)  # fmt: skip
def test_certain_meaning(arguments: str, meant: dict[str, Any]) -> None:
    assert json.loads(repair_arguments(arguments, BOOK)) == meant


def test_word_that_a_description_quotes_is_a_value() -> None:
    kinds = [{"type": "string"}, {"type": "null"}]
    section = {"anyOf": kinds, "description": 'Move it to this section; "none": out of it.'}
    schema = {"type": "object", "properties": {"section": section, "notes": {"anyOf": kinds}}}

    repaired = repair_arguments('{"section": "none", "notes": "none"}', schema)

    assert json.loads(repaired) == {"section": "none", "notes": None}


@pytest.mark.parametrize(
    "arguments",
    [
        '{"room": "A',
        '{"room": "A", ',
        "room A",
        '["A"]',
        "3",
        '"A"',
        '{"room": "A"} and so on',
        '{"room": A}',
        '{"room": None of them}',
        "{true: None}",
        "{'room': open('x')}",
        "{1: 2}",
        "{'room': {1, 2}}",
        "[" * 100_000,
        "(" * 10_000,
    ],
)
def test_what_is_not_certain_is_unchanged(arguments: str) -> None:
    assert split_arguments(arguments, BOOK) == [arguments]


def test_valid_arguments_keep_their_form() -> None:
    arguments = '{"room":"A",  "note":"\\u00e9"}'

    assert repair_arguments(arguments, BOOK) is arguments


def test_objects_in_a_row_are_calls_of_their_own() -> None:
    assert split_arguments('{"room":"A"}{"room":"B"}{"room":"A"}', BOOK) == [
        '{"room": "A"}',
        '{"room": "B"}',
    ]


def test_open_schema_keeps_other_keys() -> None:
    schema = {"type": "object", "properties": {"room": {"type": "string"}}}

    assert repair_arguments('{"room": "A", "x": "null"}', schema) == '{"room": "A", "x": "null"}'


def test_optional_field_without_null_is_left_out() -> None:
    schema = {"type": "object", "properties": {"note": {"type": "string"}}}

    assert repair_arguments('{"note": "null"}', schema) == "{}"


def test_referenced_schema() -> None:
    reference = {"$ref": "#/$defs/Note"}
    schema = {
        "properties": {"note": reference},
        "$defs": {"Note": TEXT_OR_NULL},
        "required": ["note"],
    }
    circular = {**schema, "$defs": {"Note": {"anyOf": [reference]}}}

    assert repair_arguments('{"note": "null"}', schema) == '{"note": null}'
    assert repair_arguments('{"note": "null"}', circular) == '{"note": "null"}'


@pytest.mark.parametrize("schema", [None, {}, {"properties": []}, {"properties": {"room": True}}])
def test_schema_that_says_nothing(schema: Any) -> None:
    assert json.loads(repair_arguments("{'room': 'A'}", schema)) == {"room": "A"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("book_room", "book_room"),
        ("book_room<|channel|>commentary", "book_room"),
        ("book_room<|call|>", "book_room"),
        ("functions.book_room", "book_room"),
        ("functions.book_room<|constrain|>json", "book_room"),
        (" book_room ", "book_room"),
        ("functions.web_search", "functions_web_search"),
        ("web search", "web_search"),
        ("x" * 100, "x" * 64),
        ("", "unknown"),
    ],
)
def test_tool_name(name: str, meant: str) -> None:
    assert clean_tool_name(name, TOOLS) == meant


def test_names_without_known_tools_are_unchanged() -> None:
    assert clean_tool_name("functions.x", {}) == "functions.x"
