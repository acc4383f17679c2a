"""Merges deltas that arrived together, so that everything after handles one event in their place.

When a process falls behind, many events wait in one read. Merged, a busy worker needs less CPU time
per token: from the SDK's loop to the viewers' browsers there is one event for all of them.
"""

from collections.abc import Iterable
from typing import Any, Final

from agents.items import TResponseStreamEvent

_MERGED: Final = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.reasoning_text.delta",
        "response.reasoning_summary_text.delta",
        "response.function_call_arguments.delta",
    }
)
_POSITION: Final = ("type", "item_id", "output_index", "content_index", "summary_index")


def merge_deltas(events: Iterable[TResponseStreamEvent]) -> list[TResponseStreamEvent]:
    """Return events with adjacent deltas of the same text merged into the first of them.

    The events belong to the caller, who doesn't use the originals afterwards. Deltas with log
    probabilities stay as they are.
    """
    merged: list[TResponseStreamEvent] = []
    last: Any = None  # the delta that may grow
    texts: list[str] = []
    for event in events:
        following: Any = event
        if last is not None and _continues(last, following):
            texts.append(following.delta)
            last.sequence_number = following.sequence_number
            continue
        if len(texts) > 1:
            last.delta = "".join(texts)
        merged.append(event)
        last = following if following.type in _MERGED else None
        texts = [following.delta] if last is not None else []
    if len(texts) > 1:
        last.delta = "".join(texts)
    return merged


def _continues(delta: Any, following: Any) -> bool:
    if any(getattr(delta, name, None) != getattr(following, name, None) for name in _POSITION):
        return False
    return not (getattr(delta, "logprobs", None) or getattr(following, "logprobs", None))
