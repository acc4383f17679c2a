"""Requests with one hostile value each, built from a service's OpenAPI document.

Every path, query and body parameter takes each value in turn, the rest of the request staying
valid. The values are those that break storage, parsers and calendars: NUL, lone surrogates, text
that is not UTF-8, numbers beyond 64 bits and beyond floats, dates at both ends of the calendar.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

# Percent-encoded, as in a URL.
URL_VALUES: Final = (
    "%00",
    "a%00b",
    "%ED%A0%80",  # a lone surrogate, as some encoders write it
    "%FF",
    "%C0%80",
    "%0A%0D",
    "%E2%80%AE",  # turns the direction of text
    "..%2F..",
    "'%22%3B--",
    "9" * 400,
    "-1",
    "0",
    "1e999",
    "NaN",
    "9223372036854775808",
    "%EF%BC%91",  # a digit that isn't ASCII
    "true",
    "%5B%5D",
    "0000-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00%2B23:59",
    "2026-12-31T23:59:60Z",
    "x" * 5_000,
)
# Raw JSON, since `json.dumps` would refuse to write some of it.
JSON_VALUES: Final = (
    "null",
    "true",
    "-1",
    "9223372036854775808",
    "9" * 400,
    "1e999",
    "-0.0",
    '""',
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\ud800"',
    r'"\udfff x"',
    r'"\u202e"',
    '"0000-01-01"',
    '"9999-12-31"',
    '"9999-12-31T23:59:59-23:59"',
    '"0001-01-01T00:00:00+23:59"',
    '"2026-12-31T23:59:60Z"',
    json.dumps("x" * 300_000),
    json.dumps("\ufdfa" * 3_000),  # grows 18-fold when normalised
    "[]",
    "{}",
    "[" * 5_000 + "]" * 5_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
)
HEADER_VALUES: Final = (
    b"\xff\xfe",
    b"x" * 5_000,
    b"-1",
    b"9" * 400,
    b"\xed\xa0\x80",
    b'",;=\\',
    b"",
)
HEADERS: Final = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Origin",
    "X-Forwarded-For",
    "X-Request-Id",
    "X-Resumable",
    "X-Timezone",
    "traceparent",
)
_MARK: Final = "\x00hostile\x00"


@dataclass(frozen=True)
class HostileRequest:
    """One request; `place` and `value` identify the hostile value."""

    method: str
    path: str
    place: str = ""
    value: str = ""
    query: str = ""
    body: bytes | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)

    def __str__(self) -> str:
        value = self.value if len(self.value) <= 60 else f"{self.value[:60]}... ({len(self.value)})"
        return f"{self.method} {self.path}: {self.place} = {value!r}"


def hostile_bodies(valid: Any) -> Iterator[tuple[str, str, bytes]]:
    """Yield the position, the value and the body, for each position in a valid JSON body."""
    for place, marked in _marked(valid, "body"):
        text = json.dumps(marked)
        for value in JSON_VALUES:
            yield place, value, text.replace(json.dumps(_MARK), value).encode()


def _marked(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    yield place, _MARK
    if isinstance(value, dict):
        for name, member in value.items():
            for inner, marked in _marked(member, f"{place}.{name}"):
                yield inner, {**value, name: marked}
    elif isinstance(value, list):
        for index, member in enumerate(value):
            for inner, marked in _marked(member, f"{place}[{index}]"):
                yield inner, [*value[:index], marked, *value[index + 1 :]]


class Document:
    """A service's OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def requests(self, known: Mapping[str, str]) -> Iterator[HostileRequest]:
        """Yield the hostile requests of every operation.

        Args:
            known: values of path parameters that exist, by name; `user_id` is never varied, since
                no other value passes authentication.
        """
        for template, operations in self._document["paths"].items():
            for method, operation in operations.items():
                yield from self._of_operation(method.upper(), template, operation, known)

    def _of_operation(
        self, method: str, template: str, operation: dict[str, Any], known: Mapping[str, str]
    ) -> Iterator[HostileRequest]:
        parameters = operation.get("parameters", [])
        query_names = [each["name"] for each in parameters if each["in"] == "query"]
        path_values = defaultdict(lambda: "x", known)
        valid = self._example(_json_schema(operation))
        base = HostileRequest(
            method,
            template.format_map(path_values),
            query="&".join(
                f"{each['name']}=1"
                for each in parameters
                if each["in"] == "query" and each.get("required")
            ),
            body=None if valid is None else json.dumps(valid).encode(),
        )
        for each in parameters:
            if each["in"] == "path" and each["name"] != "user_id":
                for value in URL_VALUES:
                    path = template.format_map(path_values | {each["name"]: value})
                    yield replace(base, path=path, place=each["name"], value=value)
        for name in query_names:
            for value in URL_VALUES:
                query = f"{base.query}&{name}={value}"
                yield replace(base, query=query, place=name, value=value)
        if valid is not None:
            for place, value, hostile in hostile_bodies(valid):
                yield replace(base, body=hostile, place=place, value=value)

    def _example(self, schema: dict[str, Any] | None) -> Any:
        """Return a small value with every member that the schema describes."""
        match schema:
            case None:
                example: Any = None
            case {"$ref": str(reference)}:
                name = reference.rsplit("/", 1)[-1]
                example = self._example(self._document["components"]["schemas"][name])
            case {"oneOf": [first, *_]} | {"anyOf": [first, *_]}:
                example = self._example(first)
            case {"const": example} | {"enum": [example, *_]}:
                pass
            case {"type": "object"}:
                members = schema.get("properties", {})
                example = {name: self._example(member) for name, member in members.items()}
            case {"type": "array"}:
                example = [self._example(schema.get("items", {}))]
            case {"type": "integer" | "number" | "boolean"}:
                example = 1
            case _:
                example = "x" * max(1, schema.get("minLength", 1))
        return example


def _json_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema
