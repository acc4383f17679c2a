"""Sentences that rename, archive or color a list: "rename the work list to Office"."""

from typing import Final

from offline_assistant.grammar.rules import rule
from offline_assistant.intents import ChangeListIntent, Intent
from task_phrases.clock import Clock
from task_phrases.details import tidy
from task_phrases.lists import ONE_LIST, clean_name
from task_phrases.patterns import Match
from task_phrases.quotes import unquote

_LIST: Final = (
    rf"(?:(?:the |my )?{ONE_LIST} (?:called |named )?(?P<after>\S+(?: \S+){{0,4}}?)|"
    rf"(?:the |my )?(?P<before>\S+(?: \S+){{0,4}}?) {ONE_LIST})"
)
_COLOR: Final = r"(?P<color>gr[ae]y|red|orange|yellow|green|teal|blue|purple|pink|brown)"


def read_change(match: Match, _clock: Clock) -> Intent | None:
    """Read a new name or color of a list; without a name of the list, another rule may match."""
    name = clean_name(match["after"] or match["before"])
    if name is None:
        return None
    groups = match.groupdict()
    color = (groups.get("color") or "").lower().replace("grey", "gray")
    new_name = unquote(tidy(groups.get("value") or ""))
    return ChangeListIntent(name, new_name=new_name or None, color=color or None)


def read_archive(match: Match, _clock: Clock) -> Intent | None:
    """Read "archive the work list" or "unarchive the work list"."""
    name = clean_name(match["after"] or match["before"])
    return None if name is None else ChangeListIntent(name, is_archived=match["back"] is None)


CHANGING_LIST_RULES: Final = (
    rule(
        rf"(?:rename|retitle|change the name of) {_LIST} (?:to|as|into) (?P<value>.+)", read_change
    ),
    rule(rf"(?:set|change|make) the colou?r of {_LIST} (?:to )?{_COLOR}", read_change),
    rule(rf"(?:make|colou?r|paint|turn|set) {_LIST} (?:in |to )?{_COLOR}", read_change),
    rule(rf"(?:archive|hide|(?P<back>unarchive|unhide|bring back)) {_LIST}", read_archive),
)
