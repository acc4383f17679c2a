"""The card with the Undo of a turn's changes, and what it says after a click."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from todo_agent.action_payloads import UNDO, click
from todo_agent.task_cards import button
from todochat.contracts.task_history import ChangeEntry

UNDO_CARD: Final = "undo-card"
MAX_SUMMARY_CHARS: Final = 300
# How a change of a task or list is named, in the order of a sentence.
_VERBS: Final = ("added", "completed", "reopened", "changed", "restored", "deleted")
_NOUNS: Final[Mapping[str, str]] = {"task": "task", "list": "list", "section": "section"}


def summarize(changes: Sequence[ChangeEntry]) -> str:
    """Return what a turn changed as a sentence without a full stop; empty if nothing is in effect.

    Each task or list counts once. The next instance of a repeating task belongs to its completion.

    Args:
        changes: newest first.
    """
    in_effect = [change for change in changes if not change.undone and change.name is not None]
    verbs: dict[str, str] = {}
    for change in in_effect:  # the newest verb of an entity counts, except that new ones are added
        verb = _verb(change)
        if change.entity_id not in verbs or verb == "added":
            verbs[change.entity_id] = verb
    for change in in_effect:
        verbs.pop(str(change.after.get("next_id")), None)
    names = {change.entity_id: str(change.name) for change in in_effect}
    kinds = {
        change.entity_id: _NOUNS.get(change.type.partition(".")[0], "") for change in in_effect
    }
    parts = [
        f"{verb} {text}"
        for verb in _VERBS
        for noun in _NOUNS.values()
        if (text := _named(noun, [names[i] for i in verbs if (verbs[i], kinds[i]) == (verb, noun)]))
    ]
    if in_effect and all(change.undoes is not None for change in in_effect):
        parts = [f"undone: {text}" for text in [_counted(kinds[each] for each in verbs)] if text]
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


def _verb(change: ChangeEntry) -> str:
    match change.type.split("."):
        case [_, "created", _]:
            return "added"
        case [_, ("completed" | "reopened" | "restored" | "deleted") as verb, _]:
            return verb
        case _:
            return "changed"


def _named(noun: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    if len(names) > 1:
        return f"{len(names)} {noun}s"
    return f"“{names[0]}”" if noun == "task" else f"the {noun} “{names[0]}”"


def _counted(kinds: Iterable[str]) -> str:
    found = list(kinds)
    counts = [(found.count(noun), noun) for noun in _NOUNS.values()]
    return " and ".join(
        f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count
    )
