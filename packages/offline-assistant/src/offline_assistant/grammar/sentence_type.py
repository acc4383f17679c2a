"""Classifies sentences as questions, commands or prohibitions; a question never changes anything.

A message that begins like a question is a question as a whole, whatever follows. "Can you add milk?"
has the form of a question but requests an action, so it counts as a command.
"""

import re
from typing import Final

from task_phrases.patterns import any_of, rx, word_list
from task_phrases.quotes import hide_quotes

ADD_VERBS: Final = word_list(
    "add create make new insert include put enter jot note write log set schedule remind append start "
    "update book plan notify alert toss stick place pop block save"
)
CHANGE_VERBS: Final = word_list(
    "complete finish mark check tick cross close reopen uncheck undo rename change edit move "
    "reschedule postpone delay push shift snooze prioritize prioritise tag untag assign retitle lower "
    "raise"
)
DELETE_VERBS: Final = word_list(
    "delete remove erase cancel clear clean wipe empty discard drop trash scratch kill purge take "
    "get disregard dismiss deleted throw"
)
READ_VERBS: Final = word_list(
    "show list display tell give read open view see find search count check recite name print "
    "look pull bring"
)
COMMAND_VERBS: Final = frozenset((*ADD_VERBS, *CHANGE_VERBS, *DELETE_VERBS, *READ_VERBS))
_VERB: Final = any_of(COMMAND_VERBS)

_HELLO: Final = (
    r"(?:hey|hi|hello|hiya|yo|dear)"
    r"(?: (?:there|again|bot|google|computer|todo|friend|buddy|man))?"
)
_FILLER_WORDS: Final = (
    r"ok(?:ay)?(?: google)?|alright|right|so|well|um+|uh+|oh|ah|and|also|then|now|"
    r"but|actually|olly|siri|alexa|assistant|sorry|excuse me|pretty please|please|pls|plz|kindly|"
    r"just|quickly|thanks|thank you"
)
# Only one way to match a run of fillers ("ok so" is two), else a long run has 2^n ways.
_FILLER: Final = rx(rf"^(?:(?:{_HELLO}|{_FILLER_WORDS})\b[\s,!.:-]*)+(?=\S)")
# "(?r)" matches backwards from the end, so a run elsewhere costs nothing.
_TRAILER: Final = rx(
    r"(?r)(?:[\s,]+(?:please|pls|plz|thanks|thank you(?: very much)?|thx|okay|ok|right now|for me|"
    r"if you can|if possible|will you|would you|could you)(?: ?[.!]+)?)+$"
)
# "Do", "have" and "must" also begin commands ("do the dishes"); a pronoun marks a question.
_PRONOUN: Final = r"(?:i|you|we|they|he|she|it|my|our|any|anyone|anybody|anything|these|those)"
_WH_WORD: Final = r"(?:what|when|where|who|whom|whose|why|how|which)(?:'?(?:s|re|d|ll|ve))?"
_AUXILIARY: Final = (
    r"(?:is|isn't|isnt|are|aren't|arent|am|was|wasn't|were|weren't|does|doesn't|doesnt|did|didn't|"
    r"didnt|has|hasn't|hasnt|can|can't|cant|could|couldn't|would|wouldn't|will|won't|should|"
    r"shouldn't|shall|might)"
)
_QUESTION_START: Final = rx(
    rf"^(?:{_WH_WORD}\b"
    rf"|{_AUXILIARY}\b|may\b(?! \d)"  # "may 5" is a date
    rf"|(?:do|don't|dont|have|haven't|havent|had|hadn't|must|mustn't|ought) {_PRONOUN}\b"
    r"|any(?:thing|one|body)?\b)"
)
_CAN: Final = r"(?:can|could|would|will|won't|can't|couldn't|wouldn't)"
_FORM_ONLY: Final = rx(rf"^(?:{_CAN} (?:you|u|ya)|do you mind)\b")
_SOFTENER: Final = r"(?: (?:please|pls|kindly|just|also|maybe|possibly|quickly))*"
_MANAGED: Final = (
    r"(?= (?:add|create|make|start|set up|remove|delete|clear) "
    r"(?:\S+ ){0,6}(?:list|task|item|to-?do|reminder)s?\b)"
)
_REQUEST: Final = rx(
    r"^(?:(?:do|would) you mind"
    rf"|{_CAN} (?:you|u|ya){_SOFTENER}(?: help me(?: to)?)?"
    r"|i(?:'d| would) (?:like|love|want|prefer) (?:for )?you to"
    r"|i (?:want|need) you to|i wish(?: for)? you to"
    rf"|i(?:'d| would)? (?:like|love|want|wish) to(?= (?:please )?(?:{_VERB}\b|have a new ))"
    rf"|i wanna(?= {_VERB}\b)|i want(?= (?:a|an|another) new )"
    rf"|i (?:need|have) to{_MANAGED}"
    r"|please|pls|plz|kindly|just|go ahead and|go and|help me(?: to)?|let's|lets|let us|try to"
    r"|be sure to|you (?:can|should|must|need to|have to)|can to please)\b[\s,]*"
)
_GERUND: Final = rx(r"^(?P<verb>[a-z]+?)(?P<double>[a-z])?ing\b")
_NEGATION: Final = rx(
    r"^(?:please )?(?:(?:no,? )?(?:do not|don't|dont)|never|not|stop(?! repeating)|"
    r"you (?:shouldn't|must not|mustn't|should not))\b"
)
_REMEMBER: Final = rx(r"^(?:please )?(?:do not|don't|dont|never)(?: (?:let me|ever))? forget\b")
_SENTENCE_END: Final = re.compile(
    r"((?<=[.!?;\u061f\uff1f])\s+|\s*\n\s*|(?<=[\u3002\uff1f])|;\s*|(?<=\?)(?=[a-zA-Z]))"
)
_ABBREVIATION: Final = rx(r"(?r)\b(?:dr|mr|mrs|ms|st|prof|vs|etc|e\.g|i\.e|no|approx|ca)\.$")
_NEXT_COMMAND: Final = rx(
    rf"^(?:and |then |also |please )*(?:{_VERB}|{_WH_WORD}|{_AUXILIARY}|do|don't|i|any)\b"
)
_AND_COMMAND: Final = rx(
    r",?\s+(?:and(?: then| also)?|then|, then|plus|but)\s+(?=(?:please )?(?:"
    r"(?:delete|remove|complete|finish|reopen|close|tick off|check off|rename|move|reschedule|"
    r"postpone|mark) (?:the )?(?:(?:task|item|number|todo)s? )?#?\d|"
    r"(?:show|list|display) (?:me )?(?:my|all|the)\b|(?:tell|show) me\b|what(?:'s| is| are)\b|"
    r"(?:add|put) .+ (?:to|on) (?:my|the|our) |"
    r"remind me (?:to|about|at|in|on|tomorrow)\b))"
)
# Enough to recognize the beginning of a sentence.
_MAX_START_CHARS: Final = 200
_QUESTION_MARK: Final = re.compile(r"[?\u061f\uff1f\u2048\u2049][\s)\]}\"'!.\u201d\u2019]*$")


def split_sentences(text: str) -> list[str]:
    """Split a message where another command or question begins; other full stops may be part of a title."""
    sentences: list[str] = []
    gap = ""
    for index, part in enumerate(_SENTENCE_END.split(text)):
        if index % 2:
            gap = part
        elif not part.strip():
            continue
        elif sentences and (
            _ABBREVIATION.search(sentences[-1])
            or not (
                _NEXT_COMMAND.match(part.strip()) or is_question(sentences[-1][:_MAX_START_CHARS])
            )
        ):
            sentences[-1] += ("\n" if "\n" in gap else gap) + part.strip()
        else:
            sentences.append(part.strip())
    commands: list[str] = []
    for sentence in sentences:
        parts = _AND_COMMAND.split(sentence)
        # "Add milk and delete 3?" stays whole: the question mark applies to both.
        is_whole = ends_as_question(sentence) and not is_question(parts[-1])
        commands.extend([sentence] if is_whole else [part.strip() for part in parts])
    return commands


def strip_fillers(sentence: str) -> str:
    """Remove greetings, "please" and the like from both ends of a sentence."""
    before, text = None, sentence.strip()
    while before != text:
        before = text
        text = _TRAILER.sub("", _FILLER.sub("", text)).strip()
    return text


def is_question(sentence: str) -> bool:
    """Return whether a sentence is a question, which must not lead to a change."""
    text = strip_fillers(sentence)
    if strip_request(text) != text:
        return False
    return _QUESTION_START.match(text) is not None


def ends_as_question(sentence: str) -> bool:
    """Return whether a sentence ends in a question mark and isn't a polite request."""
    text = strip_fillers(sentence)
    is_request = asks_assistant(text) and strip_request(text) != text
    return _QUESTION_MARK.search(text) is not None and not is_request


def is_negated(sentence: str) -> bool:
    """Return whether a sentence is a prohibition; "don't forget to ..." isn't."""
    return _NEGATION.match(sentence) is not None and not _REMEMBER.match(sentence)


def strip_request(sentence: str) -> str:
    """Return the command inside a polite request; any other sentence unchanged."""
    text = sentence
    while match := _REQUEST.match(text):
        rest = strip_fillers(text[match.end() :])
        if match.group().strip().endswith("mind"):
            rest = base_form(rest)
        if _FORM_ONLY.match(text) and not _is_command(rest):
            return sentence
        text = rest
    return text


def starts_command(message: str) -> bool:
    """Return whether a message begins like a command or a question, so it isn't a reply to one."""
    text = strip_request(strip_fillers(hide_quotes(message)))
    return _is_command(text) or is_question(text) or ends_as_question(text)


def asks_assistant(sentence: str) -> bool:
    """Return whether a request asks the assistant itself to act: "can you clean the house"."""
    return _FORM_ONLY.match(sentence) is not None


def _is_command(text: str) -> bool:
    first = re.match(r"[a-z]+", text, re.IGNORECASE)
    return first is not None and first.group().lower() in COMMAND_VERBS


def base_form(text: str) -> str:
    """Return "delete task 3" for "deleting task 3"; unchanged if no command verb fits."""
    match = _GERUND.match(text)
    if match is None:
        return text
    stem, double = match["verb"].lower(), (match["double"] or "").lower()
    bases = (stem + double, stem, f"{stem}{double}e")
    base = next((base for base in bases if base in COMMAND_VERBS), None)
    return f"{base}{text[match.end() :]}" if base else text
