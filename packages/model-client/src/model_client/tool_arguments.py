"""Repairs the arguments of a tool call where their meaning is certain.

Everything else stays as it is: the tool reports the error, and the model can correct it.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

# Arguments that were cut off before the first character: no tool may take them for none.
CUT_OFF: Final = "{"

_MAX_LITERAL_CHARS: Final = 20_000  # the parser of Python literals takes much memory
_MAX_SUBSCHEMAS: Final = 50  # references may be circular
_NO_ARGUMENTS: Final = frozenset(("", "null", "None"))
_NO_VALUE: Final = frozenset(("null", "none", "undefined"))
_JSON_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_CONTAINERS: Final[Mapping[type, str]] = {list: "array", dict: "object"}
_FENCE: Final = "```"
# What servers leave behind arguments: a brace too many, or tokens of the model's template.
_REST: Final = re.compile(r"(?:\s|\}|<\|[\w ]{1,30}\|>|</?tool_calls?>|</s>)*\Z")
_QUOTED: Final = re.compile(r'"(\w+)"')
_WRONG_NAME: Final = re.compile(r"[^a-zA-Z0-9_-]")
_PREFIXES: Final = ("functions.", "functions:", "default_api.", "default_api:", "tools.")
_DECODER: Final = json.JSONDecoder(strict=False)  # accepts raw newlines in strings

Schema = Mapping[str, Any]


def split_arguments(arguments: str, schema: Schema | None = None) -> list[str]:
    """Return the JSON objects that a text means; a text without a certain meaning is unchanged.

    Servers that give all calls one index send `{"a":1}{"a":2}`, the arguments of two calls. Others
    put `{}` before the object, or repeat the whole object at the end.

    Args:
        schema: the tool's JSON schema of its arguments.
    """
    text = arguments.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE):
        text = text.strip("`").removeprefix("json").strip()
    try:
        objects = list(_decode_objects("{}" if text in _NO_ARGUMENTS else text))
    except (ValueError, RecursionError):
        value = _parse_value(text)
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            return [arguments]
        objects = [value]
    filled = [each for each in objects if each] or [{}]
    different = [each for n, each in enumerate(filled) if each not in filled[:n]]
    fitted = [_fit_object(each, schema) if schema else each for each in different]
    if fitted == [parse_object(arguments)]:
        return [arguments]
    return [json.dumps(each, ensure_ascii=False) for each in fitted]


def parse_object(arguments: str) -> dict[str, Any] | None:
    """Return arguments that are a JSON object, None for any others."""
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def is_object(arguments: str) -> bool:
    """Return whether arguments are a JSON object."""
    return parse_object(arguments) is not None


def clean_tool_name(name: str, known: Mapping[str, Any]) -> str:
    """Return the known name that is meant, or else a name that servers accept in a history.

    Models leave tokens behind a name (`add_task<|channel|>commentary`) and a namespace before it.
    """
    if name in known or not known:
        return name
    core = name.partition("<|")[0].strip()
    for prefix in _PREFIXES:
        core = core.removeprefix(prefix)
    if core in known:
        return core
    return _WRONG_NAME.sub("_", name)[:64] or "unknown"


def _decode_objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects one after the other.

    Raises:
        ValueError: there is something else.
    """
    position = 0
    while True:
        value, position = _DECODER.raw_decode(text, position)
        if isinstance(value, str):  # the object was encoded twice
            value = json.loads(value, strict=False)
        if not isinstance(value, dict):
            msg = f"the text contains a {type(value).__name__}"
            raise ValueError(msg)  # noqa: TRY004 - as any other text that is no object
        yield value
        if _REST.match(text, position):
            return
        while text[position].isspace():
            position += 1


def _parse_value(text: str) -> Any:
    """Return the list or object that a text contains as JSON or as Python writes it, else None."""
    parsers: tuple[Callable[[str], Any], ...] = (json.loads, _parse_literal)
    for parse in parsers if len(text) <= _MAX_LITERAL_CHARS else parsers[:1]:
        try:
            value = parse(text)
            json.dumps(value, allow_nan=False)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if type(value) in _CONTAINERS:
            return value
    return None


def _parse_literal(text: str) -> Any:
    """Parse a literal of Python, in which models also write the words of JSON."""
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            node.values = [
                ast.Constant(_JSON_WORDS[each.id])
                if isinstance(each, ast.Name) and each.id in _JSON_WORDS
                else each
                for each in node.values
            ]
    return ast.literal_eval(tree)


def _fit_object(given: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return an object whose values have the types of a schema, without unknown keys."""
    properties: Any = schema.get("properties")
    if not isinstance(properties, Mapping):
        return given
    required = schema.get("required") or ()
    is_closed = schema.get("additionalProperties") is False
    fitted: dict[str, Any] = {}
    for name, value in given.items():
        kind = properties.get(name)
        if kind is None:
            if not is_closed:
                fitted[name] = value
            continue
        types, words = _accepted_by(kind, schema)
        if not isinstance(value, str):
            fitted[name] = value
        elif value.strip().lower() not in _NO_VALUE or value in words:
            # A list or an object may have been encoded twice.
            parsed = _parse_value(value) if "string" not in types else None
            fitted[name] = parsed if _CONTAINERS.get(type(parsed)) in types else value
        elif "null" in types:
            fitted[name] = None
        elif name in required:
            fitted[name] = value
    return fitted


def _accepted_by(kind: Any, root: Schema) -> tuple[set[str], set[str]]:
    """Return the JSON types and the words that a schema names; no types if it accepts any.

    A word in quotes in a description is a value, too: `"none" removes it`.
    """
    types: set[str] = set()
    words: set[str] = set()
    waiting = [kind]
    for _ in range(_MAX_SUBSCHEMAS):
        if not waiting:
            break
        each = waiting.pop()
        if not isinstance(each, Mapping):
            continue
        reference = each.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/$defs/"):
            waiting.append((root.get("$defs") or {}).get(reference.removeprefix("#/$defs/")))
        waiting.extend((*(each.get("anyOf") or ()), *(each.get("oneOf") or ())))
        words.update(_QUOTED.findall(str(each.get("description") or "")))
        named = each.get("type") or []
        types.update([named] if isinstance(named, str) else named)
        for value in each.get("enum") or ([each["const"]] if "const" in each else []):
            if value is None:
                types.add("null")
            elif isinstance(value, str):
                types.add("string")
                words.add(value)
    return types, words
