"""Out-of-scope requests, so that "play some music tomorrow" doesn't become a task."""

import re
from typing import Final

from task_phrases.patterns import rx

_OUT_OF_SCOPE: Final = rx(
    r"\b(?:weather|forecast|temperature|rain|snow|news|headlines?|jokes?|music|songs?|radio|podcasts?|station|"
    r"(?:exchange|currency) rates?|stock prices?|(?:my|new|the|any|latest|recent|unread|all) e-?mails?|inbox|translate|define|definition|recipe for|"
    r"play (?:a |the |some |me )?(?:game|chess|song|music|video|movie|trivia)|playing)\b"
)
_PLAYING: Final = re.compile(
    r"(?:play|turn (?:on|off)|switch (?:on|off))\b(?!.*\b(?:reminder|notification|alarm))",
    re.IGNORECASE,
)


def is_out_of_scope(text: str) -> bool:
    """Return whether a text is about news, weather, music and the like."""
    return _OUT_OF_SCOPE.search(text) is not None


def is_playing(text: str) -> bool:
    """Return whether a command is for a media player or a lamp."""
    return _PLAYING.match(text) is not None
