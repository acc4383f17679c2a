"""The card with the Undo of a turn's changes, and what it says after a click."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from task_tools.answering import plural
from todo_agent.action_payloads import UNDO, click
from todo_agent.cards import button
from todochat.contracts.task_history import ChangeEntry

UNDO_CARD: Final = "undo-card"
MAX_SUMMARY_CHARS: Final = 300
# The words of a summary, in the order of a sentence.
_VERBS: Final = ("added", "completed", "reopened", "changed", "restored", "deleted")
_NOUNS: Final = ("task", "list", "section")


def summarize(changes: Sequence[ChangeEntry]) -> str:
    """Return what a turn changed as a sentence without a full stop; empty if nothing is in effect.

    Each task or list counts once. The next instance of a repeating task belongs to its completion.

    Args:
        changes: newest first.
    """
    in_effect = [change for change in changes if not change.undone and change.name is not None]
    verbs: dict[str, str] = {}
    for change in in_effect:  # the newest verb of an entity counts, except that new ones are added
        verb = change.type.split(".")[1]
        verb = "added" if verb == "created" else verb if verb in _VERBS else "changed"
        if change.entity_id not in verbs or verb == "added":
            verbs[change.entity_id] = verb
    for change in in_effect:
        verbs.pop(str(change.after.get("next_id")), None)
    names = {change.entity_id: str(change.name) for change in in_effect}
    nouns = {change.entity_id: change.type.split(".")[0] for change in in_effect}
    if all(change.undoes is not None for change in in_effect):
        counts = Counter(nouns[each] for each in verbs)
        counted = [plural(counts[noun], noun) for noun in _NOUNS if counts[noun]]
        return f"Undone: {' and '.join(counted)}" if counted else ""
    parts = []
    for verb, noun in product(_VERBS, _NOUNS):
        named = [names[each] for each in verbs if (verbs[each], nouns[each]) == (verb, noun)]
        if len(named) > 1:
            parts.append(f"{verb} {plural(len(named), noun)}")
        elif named:
            parts.append(f"{verb} {'' if noun == 'task' else f'the {noun} '}“{named[0]}”")
    sentence = ", ".join(parts)
    return sentence[:1].upper() + sentence[1:]


def undo_card(
    text: str,
    target: Mapping[str, str] | None,
    *,
    summary: str | None = None,
    note: str = "",
    is_undone: bool = False,
) -> dict[str, Any]:
    """Return a card that says what was changed, with a button that undoes it.

    Args:
        target: the `group_id` or `request_id` to undo; None shows no button.
        summary: what the changes did, for the card when they are in effect again; by default
            `text`, unless the changes are an undo.
        note: a line below, such as why the last attempt changed nothing.
        is_undone: the changes are an undo, so the button says Redo.
    """
    if summary is None:
        summary = "" if is_undone else text
    row: list[dict[str, Any]] = [{"type": "Text", "value": text, "size": "sm"}, {"type": "Spacer"}]
    if target is not None:
        payload: dict[str, Any] = {**target, "summary": summary[:MAX_SUMMARY_CHARS]}
        payload |= {"redo": True} if is_undone else {}
        row.append(button("Redo" if is_undone else "Undo", click(UNDO, **payload)))
    notes = [{"type": "Caption", "value": note}] if note else []
    return {
        "type": "Card",
        "key": UNDO_CARD,
        "size": "sm",
        "children": [{"type": "Row", "align": "center", "gap": 2, "children": row}, *notes],
    }


def conflict_text(names: Sequence[str]) -> str:
    """Return a sentence about later changes that prevent an undo."""
    named = [f"“{name}”" for name in names[:3]]
    if len(names) > len(named):
        named.append(f"{len(names) - len(named)} more")
    verb = "was" if len(names) == 1 else "were"
    return f"Nothing was undone: {', '.join(named)} {verb} changed again since."
