"""Entity tags: which state of a task or list a client has seen."""

import hashlib
import re
from typing import Final

from todochat.errors import BadRequestError

ANY: Final = "*"
_DIGEST_BYTES: Final = 16
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST: Final = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*")


class EntityTags(tuple[str, ...]):
    """The tags of a header, without quotes and, in If-Match, without weak ones."""

    __slots__ = ()

    def match(self, tag: str) -> bool:
        """Return whether the header names a state, or any."""
        return ANY in self or tag.strip('"') in self


def entity_tag(body: bytes) -> str:
    """Return the strong tag of a representation."""
    return f'"{hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()}"'


def parse_entity_tags(name: str, value: str, *, accept_weak: bool) -> EntityTags:
    """Parse If-Match or If-None-Match.

    Args:
        accept_weak: a weak tag names a state, too; in If-Match it never does.

    Raises:
        BadRequestError: the header is malformed.
    """
    if value.strip() == ANY:
        return EntityTags([ANY])
    if _LIST.fullmatch(value) is None:
        msg = f'{name} must be * or a list of entity tags, such as "a1b2".'
        raise BadRequestError(msg)
    return EntityTags(tag for weak, tag in _TAG.findall(value) if accept_weak or not weak)
