"""The refresh token's cookie."""

from typing import Final
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

from auth_session.service.session_service import SignedIn

REFRESH_COOKIE: Final = "todochat_refresh"
_PATH: Final = "/api/auth"


def is_https(public_url: str) -> bool:
    """Whether people reach the product over https, so that cookies must be Secure."""
    return urlsplit(public_url).scheme.lower() == "https"


def refresh_cookie(signed_in: SignedIn, *, secure: bool) -> Cookie:
    """Return the cookie that carries a refresh token: no script sees it, no other path gets it."""
    seconds = int(signed_in.refresh_lifetime.total_seconds())
    return _cookie(signed_in.refresh_token, max_age_s=seconds, secure=secure)


def no_cookie(*, secure: bool) -> Cookie:
    """Return the cookie that removes it."""
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
