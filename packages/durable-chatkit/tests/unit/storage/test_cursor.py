"""Encoding and parsing of cursors."""

from datetime import UTC, datetime

import pytest

from durable_chatkit.storage.cursor import Cursor, encode_cursor, parse_cursor

MOMENT = datetime(2026, 11, 23, 17, 0, 0, 123457, tzinfo=UTC)


@pytest.mark.parametrize("row_id", ["msg_1", "with@sign", "a" * 150])
@pytest.mark.parametrize("moment", [MOMENT, MOMENT.replace(microsecond=0)])
def test_cursor_round_trips_to_the_microsecond(row_id: str, moment: datetime) -> None:
    assert parse_cursor(encode_cursor(moment, row_id)) == Cursor(row_id, moment)


@pytest.mark.parametrize(
    "after", ["", "msg_1", "@", "msg_1@", "m@-5", "m@1.5", "m@٣", "m@" + "9" * 40]
)
def test_malformed_cursor_is_parsed_as_none(after: str) -> None:
    assert parse_cursor(after) is None
