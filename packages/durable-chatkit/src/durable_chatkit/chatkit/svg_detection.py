"""Detects SVG in text, behind any prolog, in linear time."""

from typing import Final

# Limit for comments and a document type before the root of an XML document.
MAX_PROLOG_CHARS: Final = 65_536


def may_be_svg(text: str) -> bool:
    """Return True for SVG, and if the text before the first element is too long to parse.

    Args:
        text: a file's text, or its first MAX_PROLOG_CHARS characters.
    """
    head = text.removeprefix("\ufeff").lstrip()[:MAX_PROLOG_CHARS]
    position = 0
    while head.startswith(("<!", "<?"), position):
        end = _after_declaration(head, position)
        if end is None:
            may_be_open = head.startswith(("<!--", "<?"), position)
            return not may_be_open or len(head) == MAX_PROLOG_CHARS
        position = end
        while head[position : position + 1].isspace():
            position += 1
    if position == len(head):
        return len(head) == MAX_PROLOG_CHARS
    words = head[position:].replace("/", " ").replace(">", " ").split(maxsplit=1)
    tag = words[0] if words else ""
    return tag.startswith("<") and tag[1:].lower().rpartition(":")[2] == "svg"


def _after_declaration(text: str, start: int) -> int | None:
    """Return the end of a comment, instruction or document type; None if it is unterminated."""
    for opening, closing in (("<!--", "-->"), ("<?", "?>")):
        if text.startswith(opening, start):
            return _after(text, closing, start + len(opening))
    # A document type may contain declarations in brackets, with quotes, comments and instructions.
    position: int | None = start + 2
    depth = 0
    while position is not None and position < len(text):
        character = text[position]
        if character in "\"'":
            position = _after(text, character, position + 1)
            continue
        if text.startswith(("<!--", "<?"), position):
            position = _after_declaration(text, position)
            continue
        if character == ">" and depth == 0:
            return position + 1
        depth += (character in "[<") - (character in "]>")
        position += 1
    return None


def _after(text: str, closing: str, start: int) -> int | None:
    end = text.find(closing, start)
    return end + len(closing) if end >= 0 else None
