"""The throttle of sign-ins after failures; test_sign_in.py tests it through the routes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_session.domain.sign_in_throttle import add_failure, address_group

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_is_grouped_by_its_network(host: str, group: str) -> None:
    assert address_group(host) == group


@given(st.lists(st.integers(min_value=0, max_value=2000), max_size=60))
def test_the_wait_is_at_most_fifteen_minutes(pauses: list[int]) -> None:
    now, count = NOW, None

    for pause in pauses:
        now += timedelta(seconds=pause)
        if count is not None and count.wait_s(now) > 0:
            continue
        count = add_failure(count, now)
        assert 0 <= count.wait_s(now) <= 900


@given(st.lists(st.integers(min_value=0, max_value=899), min_size=11, max_size=11))
def test_the_eleventh_failure_within_fifteen_minutes_causes_a_wait(
    moments: list[int],
) -> None:
    count, waited = None, False

    for moment in sorted(moments):
        now = NOW + timedelta(seconds=moment)
        waited = waited or (count is not None and count.wait_s(now) > 0)
        count = add_failure(count, now)

    assert count is not None
    assert waited or count.blocked_until is not None
