"""Replaces @-mentions by what identifies a task or list, so that no title is matched.

A task becomes its number, which never changes. A list becomes a placeholder, which the grammar reads
as a list's name; the calls then get the list's ID, and the reply its name.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from offline_assistant.markdown import escape
from offline_assistant.tool_calls import FunctionCall

_TO_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_PLACEHOLDER: Final = re.compile(r"mentioned[a-p]{12}")
_TEXTS: Final = frozenset({"title", "notes", "text"})  # arguments that the user reads


@dataclass(frozen=True, slots=True)
class MentionedList:
    """A list that a message mentions."""

    list_id: str
    name: str

    @property
    def placeholder(self) -> str:
        """A word that stands for the list, the same in every message."""
        digest = hashlib.sha256(self.list_id.encode()).hexdigest()[:12]
        return f"mentioned{digest.translate(_TO_LETTERS)}"


def is_placeholder(name: str) -> bool:
    """Return whether a list's name in a message stands for a mentioned list."""
    return _PLACEHOLDER.fullmatch(name) is not None


def replace_mentions(text: str, context: str) -> tuple[str, tuple[MentionedList, ...]]:
    """Replace the mentions in a message; those of other kinds stay as they are.

    Args:
        context: openai-chatkit's message about the mentions, with a line "@title: {data}" for each.
    """
    lists: list[MentionedList] = []
    references: dict[str, str] = {}
    for line in context.splitlines():
        title, data = _read_mention(line)
        number, list_id = str(data.get("number", "")), str(data.get("id", ""))
        if data.get("type") == "task" and number.isdecimal():
            references[f"@{title}"] = f"#{number}"
        elif data.get("type") == "list" and list_id:
            lists.append(MentionedList(list_id, title.removesuffix(f" ({list_id})")))
            references[f"@{title}"] = f"the {lists[-1].placeholder} list"
    if not references:
        return text, ()
    # The longest first, because a title may begin with another.
    mentions = "|".join(map(re.escape, sorted(references, key=len, reverse=True)))
    pattern = rf"(?:\b(?:the|my) )?(?P<mention>{mentions})(?: list\b)?"
    return re.sub(pattern, lambda match: references[match["mention"]], text), tuple(lists)


def with_list_ids(call: FunctionCall, lists: Sequence[MentionedList]) -> FunctionCall:
    """Return a call with the IDs of the mentioned lists in place of their placeholders."""
    arguments = dict(call.arguments)
    for mentioned in lists:
        for name, value in arguments.items():
            if isinstance(value, str) and name in _TEXTS:
                text = value.replace(f"the {mentioned.placeholder} list", mentioned.name)
                arguments[name] = text.replace(mentioned.placeholder, mentioned.name)
            elif isinstance(value, str):
                arguments[name] = value.replace(mentioned.placeholder, mentioned.list_id)
    return replace(call, arguments=arguments)


def with_list_names(text: str, lists: Sequence[MentionedList]) -> str:
    """Return a reply with the names of the mentioned lists in place of placeholders and IDs."""
    for mentioned in lists:
        name = escape(mentioned.name)
        text = text.replace(mentioned.placeholder, name).replace(mentioned.list_id, name)
    return text


def _read_mention(line: str) -> tuple[str, Mapping[str, Any]]:
    """Read a line "@title: {data}"; without data if it is none. A title may contain ": {", too."""
    for match in re.finditer(r": (?=\{)", line) if line.startswith("@") else ():
        try:
            data = json.loads(line[match.end() :])
        except ValueError:
            continue
        return line[1 : match.start()], data
    return "", {}
