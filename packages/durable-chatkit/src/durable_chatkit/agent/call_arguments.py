"""Arguments of a model's tool calls, made safe for the SDK before it parses them.

The SDK parses and hashes the arguments of every call outside of the tool's own error handling, so
text that overflows its recursion or can't be encoded would fail the run. Afterwards the tool reports
whatever is still wrong with them, and the model can correct it.
"""

import json
from typing import Final

from durable_chatkit.chatkit.text import replace_surrogates

MAX_DEPTH: Final = 64  # the SDK recurses twice a level


def make_parseable(arguments: str) -> str:
    """Return arguments that the SDK can parse.

    Arguments nested deeper than `MAX_DEPTH` are cut there, which leaves malformed JSON: no tool can
    mistake the rest for a complete call. Escaped lone surrogates become U+FFFD.
    """
    arguments = arguments[: _depth_limit(arguments)]
    if "\\u" not in arguments:
        return arguments
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return arguments  # for the tool to report
    clean = replace_surrogates(parsed)
    return arguments if clean == parsed else json.dumps(clean, ensure_ascii=False)


def _depth_limit(arguments: str) -> int:
    """Return how many characters stay within `MAX_DEPTH`."""
    if arguments.count("[") + arguments.count("{") <= MAX_DEPTH:
        return len(arguments)
    depth = 0
    in_string = escaped = False
    for position, char in enumerate(arguments):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = in_string
        elif char == '"':
            in_string = not in_string
        elif not in_string and char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return position
        elif not in_string and char in "]}":
            depth -= 1
    return len(arguments)
