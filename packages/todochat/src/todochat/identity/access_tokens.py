"""Personal access tokens: `todochat_pat_`, 40 random characters, 6 of checksum.

auth-session issues and verifies them. The prefix lets secret scanners find published tokens, the
checksum lets a service reject a mistyped token without a call.
"""

import re
import secrets
import string
import zlib
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from todochat.identity.tokens import MAX_TOKEN_CHARS

PREFIX: Final = "todochat_pat_"
_ALPHABET: Final = string.digits + string.ascii_letters
_RANDOM_CHARS: Final = 40  # 238 bits can't be guessed, so a plain hash is enough at rest
_CHECKSUM_CHARS: Final = 6  # 32 bits need as many
_FORM: Final = re.compile(f"{PREFIX}([0-9A-Za-z]{{{_RANDOM_CHARS}}})([0-9A-Za-z]{{6}})")


class VerifyAccessToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Request of a service to have a token verified by auth-session."""

    token: Annotated[str, Meta(max_length=MAX_TOKEN_CHARS)]


class VerifiedAccessToken(msgspec.Struct, kw_only=True, frozen=True):
    """The owner and scopes of a valid token."""

    user_id: str
    scopes: list[str]
    token_id: str
    sid: Annotated[
        str, Meta(description="Listed among the revoked sids once the token is revoked.")
    ]
    expires_at: datetime | None


def new_access_token() -> str:
    """Create a token."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return PREFIX + random + _checksum(random)


def looks_like_access_token(token: str) -> bool:
    """Return whether a token has the prefix of an access token; verifies nothing."""
    return token.startswith(PREFIX)


def is_well_formed(token: str) -> bool:
    """Return whether a token has the right form and checksum; only auth-session can verify it."""
    match = _FORM.fullmatch(token)
    return match is not None and match[2] == _checksum(match[1])


def _checksum(random: str) -> str:
    value, digits = zlib.crc32(random.encode()), ""
    for _ in range(_CHECKSUM_CHARS):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
