"""A session is one sign-in on one device; a family of refresh tokens extends it."""

from datetime import datetime
from enum import Enum

import msgspec

from auth_session.domain.limits import REFRESH_REUSE_GRACE


class UserSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session; `tokens_until` is when the last token issued for it expires."""

    sid: str
    user_id: str
    expires_at: datetime
    tokens_until: datetime
    revoked_at: datetime | None = None
    is_access_token: bool = False  # a personal access token used like a session

    def is_open(self, now: datetime) -> bool:
        """Return whether tokens can still be issued for the session."""
        return self.revoked_at is None and now < self.expires_at


class RevokedSid(msgspec.Struct, frozen=True, kw_only=True):
    """A revoked session or access token, as published to other services."""

    sid: str
    tokens_until: datetime


class SessionOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its user sees it."""

    sid: str
    created_at: datetime
    last_used_at: datetime
    user_agent: str | None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token's state; the token itself is not stored."""

    token_hash: bytes
    expires_at: datetime
    rotated_at: datetime | None


class RefreshVerdict(Enum):
    """The decision on a presented refresh token; GRACE returns its successor again."""

    ROTATE = "rotate"
    GRACE = "grace"
    REUSED = "reused"
    ENDED = "ended"
    UNKNOWN = "unknown"


def judge_refresh(
    token: RefreshToken, successor: RefreshToken | None, session: UserSession, now: datetime
) -> RefreshVerdict:
    """Decide what to do with a known refresh token.

    Reusing a token that was rotated more than 30 s ago, or whose successor has been used, means
    that it was stolen. It's unknown which of its two holders is the owner, so the session ends.

    Args:
        successor: the successor of a rotated token; None if it can't be derived, because its
            secret was removed.
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
