"""Login tokens and client secrets: JWTs signed with Ed25519 (RFC 7519, RFC 8037).

Issued only by auth-session; verified by every public service with cached public keys, so that
verification continues while auth-session is down.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.utils import base64url_decode

from todochat.errors import UnauthorizedError
from todochat.ids import is_user_id, new_id

ALGORITHM: Final = "EdDSA"
LEEWAY_S: Final = 30
LOGIN_TTL_S: Final = 15 * 60
CLIENT_SECRET_TTL_S: Final = 60 * 60
MAX_TOKEN_CHARS: Final = 4096
MAX_VERIFIED: Final = 1000  # tokens, with up to 2 MB

LOGIN_TYPE: Final = "login+jwt"
LOGIN_AUDIENCE: Final = "todochat"
CLIENT_SECRET_TYPE: Final = "chatkit+jwt"  # noqa: S105 - a media type
CLIENT_SECRET_AUDIENCE: Final = "chatkit"  # noqa: S105 - an audience

TokenKind = Literal["login", "client-secret"]

_REQUIRED: Final = ["iss", "aud", "iat", "exp", "sub", "sid"]
_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]+)")


class Identity(msgspec.Struct, frozen=True):
    """The user of a verified token.

    Attributes:
        sid: the session it was issued in; sign-out revokes it.
        expires_at: unix time in seconds.
        jti: the token's own id, for client secrets.
    """

    user_id: str
    sid: str
    expires_at: int
    kind: TokenKind
    jti: str = ""


class _Header(msgspec.Struct):
    """The header of a token (RFC 7515)."""

    kid: str = ""
    typ: str = ""
    alg: str = ""


class SigningKey:
    """An Ed25519 private key and its `kid`."""

    def __init__(self, kid: str, private_key: Ed25519PrivateKey) -> None:
        self.kid = kid
        self.private_key = private_key

    @classmethod
    def generate(cls) -> "SigningKey":
        """Generate a key."""
        return cls(new_id("key"), Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, kid: str, pem: bytes) -> "SigningKey":
        """Read a key from unencrypted PKCS#8.

        Raises:
            ValueError: `pem` holds no Ed25519 private key.
        """
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            msg = "not an Ed25519 private key"
            raise ValueError(msg)  # noqa: TRY004 - the bytes are wrong, not their type
        return cls(kid, key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS#8."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def public_jwk(self) -> dict[str, str]:
        """Return the public half as a JSON Web Key (RFC 8037)."""
        jwk: dict[str, str] = jwt.algorithms.OKPAlgorithm.to_jwk(
            self.private_key.public_key(), as_dict=True
        )
        return {**jwk, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class TokenIssuer:
    """Signs tokens with the current key."""

    def __init__(self, issuer: str, key: SigningKey) -> None:
        self._issuer = issuer
        self._key = key

    def login_token(
        self, user_id: str, sid: str, now: int, *, ttl_s: int = LOGIN_TTL_S
    ) -> tuple[str, int]:
        """Return a login token and the unix time at which it expires."""
        claims = {"aud": LOGIN_AUDIENCE, "sub": user_id, "sid": sid}
        return self._sign(LOGIN_TYPE, claims, now, ttl_s)

    def client_secret(
        self, user_id: str, sid: str, now: int, *, ttl_s: int = CLIENT_SECRET_TTL_S
    ) -> tuple[str, int]:
        """Return a ChatKit client secret, valid for chat only, and its expiry."""
        claims = {
            "aud": CLIENT_SECRET_AUDIENCE,
            "sub": user_id,
            "sid": sid,
            "user_id": user_id,
            "jti": new_id("sec"),
        }
        return self._sign(CLIENT_SECRET_TYPE, claims, now, ttl_s)

    def _sign(self, kind: str, claims: Mapping[str, str], now: int, ttl_s: int) -> tuple[str, int]:
        expires_at = now + ttl_s
        payload = {"iss": self._issuer, "iat": now, "exp": expires_at, **claims}
        headers = {"kid": self._key.kid, "typ": kind}
        token = jwt.encode(payload, self._key.private_key, algorithm=ALGORITHM, headers=headers)
        return token, expires_at


class PublicKeys(Protocol):
    """Source of a verifier's public keys."""

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key, or None if no such key is published."""
        ...


class TokenVerifier:
    """Verifies our own tokens: algorithm, signature, issuer, audience, type and times.

    A user sends the same token many times. The claims of the newest `MAX_VERIFIED` valid ones are
    kept while their key is published; only their expiry is checked again.
    """

    def __init__(self, issuer: str, keys: PublicKeys) -> None:
        self._issuer = issuer
        self._keys = keys
        self._verified: dict[tuple[str, str], tuple[Ed25519PublicKey, dict[str, Any]]] = {}

    async def login(self, token: str) -> Identity:
        """Verify a login token.

        Raises:
            UnauthorizedError: the token isn't one, or has expired.
        """
        claims = await self._verify(token, LOGIN_TYPE, LOGIN_AUDIENCE)
        return _identity(claims, "login")

    async def client_secret(self, token: str) -> Identity:
        """Verify a ChatKit client secret.

        Raises:
            UnauthorizedError: the token isn't one, or has expired.
        """
        claims = await self._verify(token, CLIENT_SECRET_TYPE, CLIENT_SECRET_AUDIENCE)
        if claims.get("user_id") != claims["sub"] or not isinstance(claims.get("jti"), str):
            raise UnauthorizedError("The client secret is not valid.")
        return _identity(claims, "client-secret")

    async def _verify(self, token: str, kind: str, audience: str) -> dict[str, Any]:
        try:
            # PyJWT would decode the whole token for its header, and again to verify it.
            encoded = base64url_decode(token.partition(".")[0])
            header = msgspec.json.decode(encoded, type=_Header)
            if header.typ != kind or header.alg != ALGORITHM:
                raise UnauthorizedError("This route doesn't accept this kind of token.")
            key = await self._keys.get(header.kid)
            if key is None:
                raise UnauthorizedError("The token was signed with an unknown key.")
            signer, claims = self._verified.get((audience, token), (None, {}))
            if signer is not key or claims["exp"] <= time.time() - LEEWAY_S:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    audience=audience,
                    issuer=self._issuer,
                    leeway=LEEWAY_S,
                    options={"require": _REQUIRED},
                )
                while len(self._verified) >= MAX_VERIFIED:
                    del self._verified[next(iter(self._verified))]
                self._verified[audience, token] = key, claims
        except jwt.ExpiredSignatureError:
            raise UnauthorizedError("The token has expired.", expired=True) from None
        except (jwt.InvalidTokenError, msgspec.DecodeError, ValueError):
            raise UnauthorizedError("The token is not valid.") from None
        return claims


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the token of an `Authorization: Bearer` header.

    Raises:
        UnauthorizedError: the header is missing or malformed.
    """
    match = _BEARER.fullmatch(headers.get("authorization", "").strip())
    if match is None or len(match[1]) > MAX_TOKEN_CHARS:
        raise UnauthorizedError("A bearer token is required.")
    return match[1]


def _identity(claims: Mapping[str, Any], kind: TokenKind) -> Identity:
    user_id, sid = claims["sub"], claims["sid"]
    if not (isinstance(user_id, str) and isinstance(sid, str) and is_user_id(user_id) and sid):
        raise UnauthorizedError("The token is not valid.")
    return Identity(
        user_id=user_id,
        sid=sid,
        expires_at=int(claims["exp"]),
        kind=kind,
        jti=str(claims.get("jti", "")),
    )
