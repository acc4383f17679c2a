"""The cookie of the refresh token."""

from typing import Final
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

from auth_session.service.session_service import SessionTokens

REFRESH_COOKIE: Final = "todochat_refresh"
_PATH: Final = "/api/auth"


def is_https(public_url: str) -> bool:
    """Return whether the product is served over https, so that cookies must be Secure."""
    return urlsplit(public_url).scheme.lower() == "https"


def refresh_cookie(tokens: SessionTokens, *, secure: bool) -> Cookie:
    """Return the cookie with a refresh token; scripts can't read it, other paths don't get it."""
    seconds = int(tokens.refresh_lifetime.total_seconds())
    return _cookie(tokens.refresh_token, max_age_s=seconds, secure=secure)


def expired_refresh_cookie(*, secure: bool) -> Cookie:
    """Return the cookie that makes the browser delete the refresh token."""
    return _cookie("", max_age_s=0, secure=secure)


def _cookie(value: str, *, max_age_s: int, secure: bool) -> Cookie:
    return Cookie(
        key=REFRESH_COOKIE,
        value=value,
        max_age=max_age_s,
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=secure,
    )
