"""Entity tags in If-Match and If-None-Match."""

import pytest

from tasks_service.domain.entity_tag import entity_tag, parse_entity_tags
from todochat.errors import BadRequestError


@pytest.mark.parametrize(
    ("header", "accept_weak", "matches"),
    [
        ('"abc"', False, True),
        ('"x", "abc"', False, True),
        ('  "x" ,"abc"  ', False, True),
        ("*", False, True),
        (' "x"', False, False),
        ('"ABC"', False, False),
        ('W/"abc"', False, False),
        ('W/"abc"', True, True),
        ('"a,b", "abc"', False, True),
        ('""', False, False),
    ],
)
def test_header_names_states(header: str, accept_weak: bool, matches: bool) -> None:
    tags = parse_entity_tags("If-Match", header, accept_weak=accept_weak)

    assert tags.match('"abc"') is matches


@pytest.mark.parametrize("header", ["", "abc", '"abc', '"a" "b"', "*, *", 'w/"a"', '"a",', '"a b"'])
def test_malformed_header_is_rejected(header: str) -> None:
    with pytest.raises(BadRequestError):
        parse_entity_tags("If-Match", header, accept_weak=False)


def test_tag_depends_on_every_byte() -> None:
    tags = {entity_tag(body) for body in (b"", b"a", b"b", b"ab")}

    assert len(tags) == 4
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)
