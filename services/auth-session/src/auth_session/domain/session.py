"""A session: one sign-in on one device, and the family of refresh tokens that keeps it going."""

from datetime import datetime
from enum import Enum

import msgspec

from auth_session.domain.limits import REFRESH_REUSE_GRACE


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session's state; `tokens_until` is when the last token issued for it expires."""

    sid: str
    user_id: str
    expires_at: datetime
    tokens_until: datetime
    revoked_at: datetime | None = None
    is_access_token: bool = False  # a personal access token that stands in for a session

    def is_open(self, now: datetime) -> bool:
        """Whether tokens may still be issued for it."""
        return self.revoked_at is None and now < self.expires_at


class RevokedSid(msgspec.Struct, frozen=True, kw_only=True):
    """What others are told of a revoked session or access token."""

    sid: str
    tokens_until: datetime


class SessionOverview(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is shown of a session."""

    sid: str
    created_at: datetime
    last_used_at: datetime
    user_agent: str | None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token's state; the token itself is stored nowhere."""

    token_hash: bytes
    expires_at: datetime
    rotated_at: datetime | None


class RefreshVerdict(Enum):
    """What happens to a refresh token that was shown; GRACE returns its successor once more."""

    ROTATE = "rotate"
    GRACE = "grace"
    REUSED = "reused"
    ENDED = "ended"
    UNKNOWN = "unknown"


def judge_refresh(
    token: RefreshToken, successor: RefreshToken | None, session: Session, now: datetime
) -> RefreshVerdict:
    """Decide what a known refresh token is good for.

    A token that was rotated more than 30 s ago, or whose successor has been used, is in the hands
    of somebody who shouldn't have it, or was: nobody can tell which of the two holders is the
    owner, so the session has to end.

    Args:
        successor: of a token that was rotated; None if it is not known, because the secret that
            it was derived with is gone.
    """
    if not session.is_open(now) or now >= token.expires_at:
        return RefreshVerdict.ENDED
    if token.rotated_at is None:
        return RefreshVerdict.ROTATE
    if now - token.rotated_at > REFRESH_REUSE_GRACE:
        return RefreshVerdict.REUSED
    if successor is None:
        return RefreshVerdict.ENDED
    return RefreshVerdict.GRACE if successor.rotated_at is None else RefreshVerdict.REUSED
