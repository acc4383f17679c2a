"""Sentences that change a title, priority, list, tags or notes; and, with them, due dates."""

import re
from typing import Final

from offline_assistant.grammar.changing_lists import CHANGING_LIST_RULES
from offline_assistant.grammar.rescheduling import (
    RESCHEDULING_RULES,
    change,
    change_reader,
    clarifying_reader,
    new_date,
)
from offline_assistant.grammar.rules import rule
from offline_assistant.grammar.sections import SECTION_PHRASE, SectionPhrase
from offline_assistant.grammar.targets import TASK_REFERENCE, read_target
from offline_assistant.grammar.titles import repeat_argument
from offline_assistant.intents import (
    ByMention,
    ByNumber,
    Changes,
    Intent,
    Missing,
    PlanDayIntent,
    TalkIntent,
    Topic,
    UpdateIntent,
)
from task_phrases.clock import Clock
from task_phrases.details import take_priority, tidy, to_due
from task_phrases.lengths import find_reminders
from task_phrases.lists import LIST_NOUN, clean_name
from task_phrases.patterns import CARDINAL, Match, rx
from task_phrases.quotes import show_quotes, unquote
from task_phrases.repeats import find_repeat

_SET: Final = r"(?:set|change|update|edit|make|move|put|modify)"
_LEVEL: Final = (
    r"(?P<value>urgent|critical|important|high(?:est)?|top|medium|normal|low(?:est)?|no|none)"
)
_TRASH: Final = rx(r" to (?:the )?(?:trash|bin)\b")
_LIST_NAME: Final = (
    rf"(?:(?:(?:my|the|our) )?(?:list (?:called|named) .+|(?:\S+ ){{1,4}}?{LIST_NOUN}))"
)
_TAG: Final = r"#(?=\w*[^\W\d])[\w-]+"


def read_rename(match: Match, clock: Clock) -> Intent | None:
    """Read "rename 3 to ..."."""
    title = unquote(tidy(match["value"]))
    return change(match["target"], Changes(title=title), clock) if title else None


def read_rename_list(_match: Match, _clock: Clock) -> Intent:
    """Read "rename my work list", which lacks the new name."""
    return TalkIntent(Topic.NO_NEW_LIST_NAME)


def read_change_to(match: Match, clock: Clock) -> Intent | None:
    """Read "change 3 to ...": a date, else a priority, else a new title."""
    due = to_due(new_date(match["value"], clock))
    if due is not None:
        return change(match["target"], Changes(due=due), clock)
    rest, priority = take_priority(f"{match['value']} priority")
    if priority is not None and not rest:
        return change(match["target"], Changes(priority=priority), clock)
    return read_rename(match, clock)


def read_prioritize(match: Match, clock: Clock) -> Intent:
    """Read "make 3 urgent"; without a level, as in "star 3", the priority is high."""
    level = (match.groupdict().get("value") or "high").lower().removesuffix(" priority")
    _, priority = take_priority(f"{'no' if level == 'none' else level} priority")
    return change(match["target"], Changes(priority=priority or "high"), clock)


def read_move_to_list(match: Match, clock: Clock) -> Intent | None:
    """Read "move 3 to my work list"; moving to the trash is read as a deletion elsewhere."""
    name = None if _TRASH.search(match.group()) else clean_name(match["value"])
    return change(match["target"], Changes(list_name=name), clock) if name else None


def read_move_to_place(match: Match, clock: Clock) -> Intent | None:
    """Read "move 3 to work", which may be a list or a section."""
    name = None if _TRASH.search(match.group()) else clean_name(match["value"])
    return change(match["target"], Changes(place=name), clock) if name else None


def read_move_to_section(match: Match, clock: Clock) -> Intent:
    """Read "move 3 to the dairy section"."""
    section = SectionPhrase.from_match(match)
    changes = Changes(section=section.name, list_name=section.list_name)
    return change(match["target"], changes, clock)


def read_move_under(match: Match, clock: Clock) -> Intent:
    """Read "move 3 under dairy" or "move 3 to groceries under dairy"."""
    list_name = match["list"] and clean_name(match["list"])
    changes = Changes(section=match["value"], list_name=list_name, is_known_section=True)
    return change(match["target"], changes, clock)


def read_put_in_section(match: Match, clock: Clock) -> Intent | None:
    """Read "put it in the dairy section"; "put milk in the dairy section" adds a task."""
    is_known = isinstance(read_target(match["target"], clock), ByNumber | ByMention)
    return read_move_to_section(match, clock) if is_known else None


def read_section_change(_match: Match, _clock: Clock) -> Intent:
    """Read "delete the dairy section" or "move 3 out of its section": no change of a task."""
    return TalkIntent(Topic.NO_SECTION_CHANGES)


def read_put_on_list(match: Match, clock: Clock) -> Intent | None:
    """Read "put it on my work list"; "put milk on my list" adds a task and is read elsewhere."""
    if not isinstance(read_target(match["target"], clock), ByNumber | ByMention):
        return None
    return read_move_to_list(match, clock)


def read_tag(match: Match, clock: Clock) -> Intent | None:
    """Read "tag 3 with home"."""
    tags = _read_tag_names(match["value"])
    return change(match["target"], Changes(add_tags=tags), clock) if tags else None


def read_untag(match: Match, clock: Clock) -> Intent | None:
    """Read "remove the tag home from 3"."""
    tags = _read_tag_names(match["value"])
    return change(match["target"], Changes(drop_tags=tags), clock) if tags else None


def _read_tag_names(text: str) -> tuple[str, ...]:
    names = re.findall(r"[\w-]+", show_quotes(text))
    return tuple(name for name in names if name.lower() not in {"and", "the", "tag", "tags"})


def read_note(match: Match, clock: Clock) -> Intent:
    """Read "add a note to 3: ..."."""
    return change(match["target"], Changes(notes=unquote(match["value"])), clock)


def read_reminder_before(match: Match, clock: Clock) -> Intent | None:
    """Read "remind me 30 minutes before the dentist", or "... before" about the last task."""
    reminders = tuple(phrase.minutes for phrase in find_reminders(match["when"]))
    if not reminders:
        return None
    changes = Changes(reminders=tuple(dict.fromkeys(reminders)))
    target = match["target"]
    return change(target, changes, clock) if target else UpdateIntent(ByMention(), changes)


def read_repeat(match: Match, clock: Clock) -> Intent | None:
    """Read "repeat 3 every week"."""
    phrase = find_repeat(match["value"], clock)
    if phrase is None or not match["target"].strip():
        return None
    return change(match["target"], Changes(repeat=repeat_argument(phrase)), clock)


_LENGTH: Final = rf"(?:\d+(?:\.\d+)?|{CARDINAL}|an?|half an?) ?(?:minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
_SCHEDULE_RULES: Final = (
    rule(rf"(?P<when>(?:remind|alert|notify)(?: me)? {_LENGTH}(?: before(?:hand)?(?:,? and |, ){_LENGTH})*"
         r" (?:before(?:hand)?|earlier|in advance|ahead(?: of)?))(?: (?!to )(?P<target>.+))?", read_reminder_before),
    rule(r"stop repeating (?P<target>.+?)(?: any ?more| again)?",
         change_reader(clear_repeat=True)),
    rule(rf"(?P<target>{TASK_REFERENCE}) (?:no longer repeats|should(?:n't| not| no longer) repeat)(?: any ?more)?",
         change_reader(clear_repeat=True)),
    rule(r"(?:repeat|make|set) (?P<target>.+?) (?:(?:to )?repeat |recurring |repeating )?"
         r"(?P<value>(?:every|each|daily|weekly|monthly|yearly|annually|quarterly)\b.*)", read_repeat),
    rule(r"unpin (?P<target>.+)", change_reader(pinned=False)),
    rule(r"pin (?P<target>.+?)(?: to the top)?", change_reader(pinned=True)),
)  # fmt: skip
_TITLE_RULES: Final = (
    rule(rf"(?:rename|retitle|change the name of) (?:the |my )?(?:\S+ ){{0,4}}?{LIST_NOUN}(?: .*)?", read_rename_list),
    rule(r"(?:rename|retitle|reword|rephrase) (?P<target>.+?) (?:to|as|into) (?P<value>.+)", read_rename),
    rule(r"(?:change|set|edit|update) the (?:title|name|text|wording) (?:of|for) (?P<target>.+?) to (?P<value>.+)",
         read_rename),
    rule(r"call (?P<target>(?:task|item) #?\d+|it) (?P<value>.+?)(?: instead)?", read_rename),
    rule(r"(?:rename|retitle) (?P<target>.+)", clarifying_reader(Missing.NEW_TITLE)),
)  # fmt: skip
_PRIORITY_RULES: Final = (
    rule(rf"{_SET} the priority (?:of|for|on) (?P<target>.+?) (?:to|as) {_LEVEL}(?: priority)?", read_prioritize),
    rule(r"(?:remove|clear|drop) the priority (?:of|from|for|on) (?P<target>.+)", change_reader(priority="none")),
    rule(rf"(?:give|assign) (?P<target>.+?) (?:a )?{_LEVEL}[\s-]priority", read_prioritize),
    rule(rf"(?:make|mark|set|flag|change|move) (?P<target>.+?) (?:(?:as|to|with) )?(?:a )?{_LEVEL}[\s-]priority",
         read_prioritize),
    rule(r"(?:make|mark|set|flag) (?P<target>.+?) (?:(?:as|to be|to) )?(?P<value>urgent|important|critical)",
         read_prioritize),
    rule(rf"(?P<target>{TASK_REFERENCE}) is (?:now |very )?"
         r"(?P<value>urgent|important|critical|(?:high|low|medium) priority)", read_prioritize),
    rule(r"(?:prioriti[sz]e|star|flag|raise the priority (?:of|for|on)) (?P<target>.+)", read_prioritize),
    rule(r"(?:deprioriti[sz]e|unflag|lower the priority (?:of|for|on)) (?P<target>.+)", change_reader(priority="low")),
)  # fmt: skip
_TAG_RULES: Final = (
    rule(r"(?:tag|label) (?P<target>.+?) (?:as|with) (?P<value>.+)", read_tag),
    rule(r"(?:tag|label) (?P<target>[^#]+?) (?P<value>#.+)", read_tag),
    rule(r"add (?:the )?(?:tags?|labels?) (?P<value>.+?) to (?P<target>.+)", read_tag),
    rule(rf"(?:add|put) (?P<value>{_TAG}(?:(?:,| and|) {_TAG})*) (?:to|on) (?P<target>{TASK_REFERENCE})", read_tag),
    rule(r"(?:remove|delete|drop) (?:the )?(?:tags?|labels?) (?P<value>.+?) from (?P<target>.+)", read_untag),
    rule(rf"(?:remove|delete|drop) (?P<value>{_TAG}) from (?P<target>.+)", read_untag),
    rule(r"untag (?P<target>.+?) (?:as|with|from|of) (?P<value>.+)", read_untag),
)  # fmt: skip
_NOTE_RULES: Final = (
    rule(r"(?:add|attach|put|write) (?:a |the |this )?notes? (?:to|on|for) (?P<target>.+?)"
         r"(?: ?: ?| saying | that )(?P<value>.+)", read_note),
    rule(r"(?:set )?(?:the )?notes? (?:of|for|on|to) (?P<target>(?!self\b).+?) ?: ?(?P<value>.+)", read_note),
    rule(rf"(?:set )?(?:the )?notes? (?:of|for|on) (?P<target>{TASK_REFERENCE}) (?:to|saying) (?P<value>.+)",
         read_note),
    rule(rf"(?:add|attach) (?:a |the )?notes? (?P<value>.+) to (?P<target>{TASK_REFERENCE})", read_note),
)  # fmt: skip
_SECTION_RULES: Final = (
    rule(r"(?:create|make|add|start) (?:a|the|another) (?:new )?section (?:called|named) .+", read_section_change),
    rule(r"(?:delete|remove|rename) (?:the |my )?(?:\S+ ){1,3}?section(?: (?:of|in|to|as) .+)?", read_section_change),
    rule(r"(?:move|take|put) .+ out of (?:\S+ ){1,4}sections?", read_section_change),
    rule(rf"put (?P<target>.+?) {SECTION_PHRASE}", read_put_in_section),
    rule(rf"(?:move|transfer|shift) (?P<target>.+?) {SECTION_PHRASE}", read_move_to_section),
)  # fmt: skip
_LIST_RULES: Final = (
    rule(rf"put (?P<target>.+?) (?:to|on|onto|into|in) (?P<value>{_LIST_NAME})", read_put_on_list),
    rule(rf"(?:move|transfer|shift) (?P<target>.+?) (?:to|onto|into|on) (?P<value>{_LIST_NAME})", read_move_to_list),
    rule(r"(?:move|transfer|shift) (?P<target>.+?)(?: (?:to|into|in) (?P<list>\S+(?: \S+){0,2}?))?"
         r" under (?:the )?(?P<value>\S+(?: \S+){0,2})", read_move_under),
    rule(r"(?:move|transfer) (?P<target>.+?) (?:to|into) (?P<value>\S+(?: \S+)?)", read_move_to_place),
)  # fmt: skip


def read_plan(_match: Match, _clock: Clock) -> Intent:
    """Read "plan my day"."""
    return PlanDayIntent()


UPDATING_RULES: Final = (
    rule(
        r"(?:plan|schedule|organi[sz]e|structure)(?: out)? (?:my |the |our )?(?:day|today)(?: for me)?",
        read_plan,
    ),
    rule(r"make (?:me )?a (?:plan|schedule) (?:for|of) (?:today|my day|the day)", read_plan),
    *_SCHEDULE_RULES,
    *_SECTION_RULES,
    *CHANGING_LIST_RULES,
    *_TITLE_RULES,
    *RESCHEDULING_RULES,
    *_PRIORITY_RULES,
    *_TAG_RULES,
    *_NOTE_RULES,
    *_LIST_RULES,
    rule(
        r"(?:change|update|edit|correct) (?P<target>.+?) (?:to|into) (?P<value>.+)", read_change_to
    ),
)
