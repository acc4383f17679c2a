"""Assembles the tool calls of a streamed chat completion.

By the specification a call is named by its `index`, and only its first fragment has an id and a
name. Servers omit the index, send 0 for every call, count from 1, repeat the id in each fragment, or
send an empty or the same one for two calls. So a fragment with a new id, or one that is a second
whole object, starts a call; others continue one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from model_client.surrogates import join_surrogates
from model_client.tool_arguments import (
    CUT_OFF,
    Schema,
    clean_tool_name,
    is_object,
    parse_object,
    split_arguments,
)
from todochat.surrogates import replace_surrogates

_KNOWN_FIELDS: Final = frozenset(("index", "id", "type", "function"))
_KNOWN_FUNCTION_FIELDS: Final = frozenset(("name", "arguments"))


@dataclass
class ChatCall:
    """A tool call; in progress until the end of the answer.

    Attributes:
        fields: fields that the API doesn't define, such as Gemini's `extra_content`.
    """

    index: Any = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class ChatCalls:
    """The tool calls of one answer.

    Args:
        tools: the schemas of the known tools' arguments by name.
    """

    def __init__(self, tools: Mapping[str, Schema]) -> None:
        self._tools = tools
        self._calls: list[ChatCall] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, fragment: Any) -> None:
        """Add an entry of a delta's `tool_calls`; one that isn't a function call is ignored."""
        function = fragment.get("function") if isinstance(fragment, Mapping) else None
        if not isinstance(function, Mapping):
            return
        index = fragment.get("index")
        call_id, name = (
            value if isinstance(value, str) else ""
            for value in (fragment.get("id"), function.get("name"))
        )
        given = function.get("arguments")
        if given is None:
            arguments = ""
        else:
            arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        if not (call_id or name or arguments or self._calls):
            return
        call = self._find(index, call_id, name, arguments)
        if call is None:
            call = ChatCall(index, call_id, name)
            self._calls.append(call)
        elif name and call.name != name:
            call.name += name
        call.id = call.id or call_id
        call.arguments += arguments
        call.fields |= _unknown_fields(fragment, _KNOWN_FIELDS)
        if extra := _unknown_fields(function, _KNOWN_FUNCTION_FIELDS):
            call.fields["function"] = {**call.fields.get("function", {}), **extra}

    def add_text(self, name: str, arguments: str) -> None:
        """Add a piece of a call that the model wrote as text."""
        if not self._calls or self._calls[-1].name != name:
            self._calls.append(ChatCall(name=name))
        self._calls[-1].arguments += arguments

    def finish(self, *, is_cut: bool) -> Iterator[ChatCall]:
        """Yield the complete calls, with ids that differ.

        Args:
            is_cut: whether the server cut the answer off.
        """
        ids: set[str] = set()
        for call in self._calls:
            name = clean_tool_name(join_surrogates(call.name), self._tools)
            text = join_surrogates(call.arguments)
            if is_cut and call is self._calls[-1] and not is_object(text):
                texts = [text or CUT_OFF]
            else:
                texts = split_arguments(text, self._tools.get(name))
            for arguments in texts:
                call_id = call.id
                if not call_id or call_id in ids:
                    call_id = f"call_{uuid4().hex[:24]}"
                ids.add(call_id)
                fields = replace_surrogates(call.fields)
                yield ChatCall(call.index, call_id, name, arguments, fields)

    def _find(self, index: Any, call_id: str, name: str, arguments: str) -> ChatCall | None:
        """Return the call that a fragment continues, None if it starts one."""
        same_id = [call for call in self._calls if call_id and call.id == call_id]
        same_index = [call for call in self._calls if index is not None and call.index == index]
        both = [call for call in same_id if call.index == index]
        if not name:
            found = both or same_id or same_index or self._calls
            return found[-1] if found else None
        if same_id and not both:
            return None  # the same id with another index
        found = both or same_index or (self._calls if index is None else [])
        call = found[-1] if found else None
        if call is None or (call_id and call.id and call.id != call_id):
            return None
        if call.name not in {"", name}:
            is_piece = not call.arguments and call.name + name in self._tools
            return call if is_piece else None
        earlier, following = parse_object(call.arguments), parse_object(arguments)
        if earlier and following:
            return call if earlier == following else None  # repeated, or the next call
        return call


def _unknown_fields(given: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {
        key: value for key, value in given.items() if key not in known and value not in (None, "")
    }
