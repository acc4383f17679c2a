"""The verdict on a presented refresh token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth_session.domain.session import RefreshToken, RefreshVerdict, UserSession, judge_refresh

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def judge(
    *,
    rotated_s_ago: float | None = None,
    successor: str = "unused",
    token_until: datetime = LATER,
    session_until: datetime = LATER,
    revoked_at: datetime | None = None,
) -> RefreshVerdict:
    rotated_at = None if rotated_s_ago is None else NOW - timedelta(seconds=rotated_s_ago)
    token = RefreshToken(token_hash=b"hash", expires_at=token_until, rotated_at=rotated_at)
    next_token = RefreshToken(
        token_hash=b"next", expires_at=LATER, rotated_at=NOW if successor == "used" else None
    )
    session = UserSession(
        sid="ses_1",
        user_id="usr_1",
        expires_at=session_until,
        tokens_until=LATER,
        revoked_at=revoked_at,
    )
    has_successor = rotated_at is not None and successor != "unknown"
    return judge_refresh(token, next_token if has_successor else None, session, NOW)


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        ({}, RefreshVerdict.ROTATE),
        ({"rotated_s_ago": 0}, RefreshVerdict.GRACE),
        ({"rotated_s_ago": 30}, RefreshVerdict.GRACE),
        ({"rotated_s_ago": 31}, RefreshVerdict.REUSED),
        ({"rotated_s_ago": 0, "successor": "used"}, RefreshVerdict.REUSED),
        ({"rotated_s_ago": 30, "successor": "used"}, RefreshVerdict.REUSED),
        ({"rotated_s_ago": 30, "successor": "unknown"}, RefreshVerdict.ENDED),
        ({"rotated_s_ago": 31, "successor": "unknown"}, RefreshVerdict.REUSED),
        # Another process's clock may be ahead of ours.
        ({"rotated_s_ago": -2}, RefreshVerdict.GRACE),
        ({"token_until": NOW}, RefreshVerdict.ENDED),
        ({"session_until": NOW}, RefreshVerdict.ENDED),
        ({"revoked_at": NOW}, RefreshVerdict.ENDED),
        ({"rotated_s_ago": 31, "revoked_at": NOW}, RefreshVerdict.ENDED),
    ],
)
def test_the_verdict_depends_on_the_token_and_its_session(
    case: dict[str, Any], verdict: RefreshVerdict
) -> None:
    assert judge(**case) is verdict
