"""Service tokens, which authenticate one service to another; minted for each request.

HS256 JWTs that live 60 s: `aud` is the target, `act` the caller, `sub` the user on whose behalf
it calls. Every arrow between two services has its own key, so a token of one arrow is invalid on
every other.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from todochat.errors import UnauthorizedError
from todochat.secret_text import secret_bytes
from todochat.settings import ServiceSettings, SettingsError, split_list

ALGORITHM: Final = "HS256"
TOKEN_TYPE: Final = "service+jwt"  # noqa: S105 - a media type
TTL_S: Final = 60
LEEWAY_S: Final = 30
MIN_SECRET_BYTES: Final = 32
_ISSUER: Final = "todochat-service"


class Arrow(Enum):
    """A direction of calls between two services: (caller, target)."""

    GATEWAY_TO_AGENT = ("chat-gateway", "todo-agent")
    AGENT_TO_TASKS = ("todo-agent", "tasks")
    AUTH_TO_AGENT = ("auth-session", "todo-agent")
    AUTH_TO_TASKS = ("auth-session", "tasks")
    TASKS_TO_AUTH = ("tasks", "auth-session")
    GATEWAY_TO_AUTH = ("chat-gateway", "auth-session")

    @property
    def caller(self) -> str:
        """The service that makes the call."""
        return self.value[0]

    @property
    def target(self) -> str:
        """The service that is called."""
        return self.value[1]


class ServiceIdentity(msgspec.Struct, frozen=True):
    """The calling service, and the user it acts for."""

    caller: str
    user_id: str


class ServiceTokens:
    """Mints and verifies service tokens.

    Args:
        keys: for each arrow the accepted keys; the first one signs, so that a secret can be
            rotated while both values are accepted.
    """

    def __init__(self, keys: Mapping[Arrow, Sequence[bytes]]) -> None:
        self._keys = keys

    @classmethod
    def from_settings(cls, settings: ServiceSettings, *arrows: Arrow) -> "ServiceTokens":
        """Take each arrow's own secret, or derive its key from TODOCHAT_SERVICE_SECRET.

        Args:
            arrows: those of this service; with secrets for all of them it needs no shared one.

        Raises:
            SettingsError: neither is set, or a secret is shorter than 32 bytes.
        """
        return cls({arrow: _keys_of(arrow, settings) for arrow in arrows})

    def mint(self, arrow: Arrow, user_id: str, now: int | None = None) -> str:
        """Create a token for one call on behalf of `user_id`."""
        issued_at = int(time.time()) if now is None else now
        claims = {
            "iss": _ISSUER,
            "aud": arrow.target,
            "act": arrow.caller,
            "sub": user_id,
            "iat": issued_at,
            "exp": issued_at + TTL_S,
        }
        return jwt.encode(
            claims, self._keys[arrow][0], algorithm=ALGORITHM, headers={"typ": TOKEN_TYPE}
        )

    def keys(self, arrow: Arrow) -> Sequence[bytes]:
        """Return an arrow's accepted keys, the signing key first, for derivation."""
        return self._keys[arrow]

    def verify(self, arrows: Collection[Arrow], token: str) -> ServiceIdentity:
        """Verify a token that came over one of `arrows`.

        Raises:
            UnauthorizedError: the token is not valid for these arrows.
        """
        for arrow in arrows:
            for key in self._keys[arrow]:
                identity = _decode(arrow, key, token)
                if identity is not None:
                    return identity
        raise UnauthorizedError("The service token is not valid here.")


def looks_like_service_token(token: str) -> bool:
    """Return whether a token has the type of a service token; verifies nothing."""
    try:
        return jwt.get_unverified_header(token).get("typ") == TOKEN_TYPE
    except jwt.InvalidTokenError:
        return False


def _decode(arrow: Arrow, key: bytes, token: str) -> ServiceIdentity | None:
    try:
        decoded = jwt.decode_complete(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=arrow.target,
            issuer=_ISSUER,
            leeway=LEEWAY_S,
            options={"require": ["iss", "aud", "act", "sub", "iat", "exp"]},
        )
    except jwt.InvalidTokenError:
        return None
    claims = decoded["payload"]
    if decoded["header"].get("typ") != TOKEN_TYPE or claims["act"] != arrow.caller:
        return None
    return ServiceIdentity(caller=claims["act"], user_id=claims["sub"])


def _keys_of(arrow: Arrow, settings: ServiceSettings) -> list[bytes]:
    field = f"todochat_service_secret_{arrow.name.lower()}"
    own = split_list(getattr(settings, field))
    if own:
        return [_checked(secret, field) for secret in own]
    shared = split_list(settings.todochat_service_secret)
    if not shared:
        msg = f"setting TODOCHAT_SERVICE_SECRET is required, or {field.upper()}"
        raise SettingsError(msg)
    info = f"todochat service token {arrow.caller} -> {arrow.target}".encode()
    return [
        HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(
            _checked(secret, "todochat_service_secret")
        )
        for secret in shared
    ]


def _checked(secret: str, field: str) -> bytes:
    try:
        key = secret_bytes(secret)
    except ValueError as error:
        msg = f"setting {field.upper()}: not base64"
        raise SettingsError(msg) from error
    if len(key) < MIN_SECRET_BYTES:
        msg = f"setting {field.upper()}: at least 32 bytes"
        raise SettingsError(msg)
    return key
