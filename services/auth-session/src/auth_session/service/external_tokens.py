"""Verifying the login tokens of external issuers."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import jwt
import msgspec
import structlog

from auth_session.clients.issuer_keys import IssuerKeys, PublicKey
from auth_session.domain.external_user import ExternalUser, read_external_user
from auth_session.issuer_settings import ExternalIssuer
from todochat.errors import UnauthorizedError
from todochat.identity.tokens import LEEWAY_S

# Absent, "JWT" (RFC 7519), or an access token's (RFC 9068). Anything else is a token that was made
# for another purpose: our own, a client secret, a logout token.
_TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})

log = structlog.get_logger(__name__)


class ExternalLogin(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified token says.

    Attributes:
        expires_at: unix time in seconds.
        signed_in_at: unix time in seconds at which the user signed in, or the token was issued;
            None if the token has neither.
        fingerprint: of what was signed; equal for every copy of the token, however its signature
            is written down.
    """

    user: ExternalUser
    expires_at: float
    signed_in_at: float | None
    fingerprint: str


class ExternalTokens:
    """Chooses the issuer by the unverified `iss` and verifies with that entry alone."""

    def __init__(self, issuers: Sequence[ExternalIssuer], http: aiohttp.ClientSession) -> None:
        self._issuers = {each.issuer: each for each in issuers}
        urls = {each.jwks_url for each in issuers if each.jwks_url}
        self._keys = {url: IssuerKeys(url, http) for url in urls}

    def takes(self, token: str) -> bool:
        """Tell whether a token says that it is of an external issuer; nothing is verified."""
        if not self._issuers:
            return False
        try:
            header, claims = _read(token)
        except UnauthorizedError:
            return False
        return _type_of(header) in _TYPES and self._issuer_of(claims) is not None

    async def verify(self, token: str) -> ExternalLogin:
        """Verify a token.

        Raises:
            UnauthorizedError: it is no valid login token of a configured issuer.
            IssuerUnavailableError: the issuer's keys can't be had at this moment.
        """
        header, unverified = _read(token)
        issuer = self._issuer_of(unverified)
        if issuer is None:
            log.info("external_token.unknown_issuer", issuer=str(unverified.get("iss"))[:256])
            raise UnauthorizedError("The token's issuer is not known here.")
        if _type_of(header) not in _TYPES:
            raise UnauthorizedError("The token is not of the kind this route takes.")
        algorithm = header.get("alg")
        if algorithm not in issuer.algorithms:
            raise UnauthorizedError("The token is signed in a way its issuer doesn't use.")
        key = await self._key(issuer, header, str(algorithm))
        claims = _verified(token, key, str(algorithm), issuer)
        try:
            user = read_external_user(
                claims, realm=issuer.realm, user_claim=issuer.user_claim, prefix=issuer.prefix
            )
            expires_at = float(claims["exp"])
            signed_in_at = _signed_in_at(claims)
        except (ValueError, TypeError, OverflowError) as error:
            msg = f"The token can't be used: {error}."
            raise UnauthorizedError(msg) from None
        return ExternalLogin(
            user=user,
            expires_at=expires_at,
            signed_in_at=signed_in_at,
            fingerprint=_fingerprint(issuer.realm, token),
        )

    async def aclose(self) -> None:
        """End fetches in the background."""
        for keys in self._keys.values():
            await keys.aclose()

    def _issuer_of(self, claims: dict[str, Any]) -> ExternalIssuer | None:
        said = claims.get("iss")
        return self._issuers.get(said) if said is None or isinstance(said, str) else None

    async def _key(
        self, issuer: ExternalIssuer, header: dict[str, Any], algorithm: str
    ) -> PublicKey | bytes:
        if issuer.secret:
            return issuer.secret.encode()
        kid = header.get("kid")
        key = await self._keys[issuer.jwks_url].get(None if kid is None else str(kid))
        if key is None or key.algorithm not in (None, algorithm):
            raise UnauthorizedError("The token was signed with an unknown key.")
        return key.key


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthorizedError("The token is not valid.") from None
    return header, claims


def _type_of(header: dict[str, Any]) -> object:
    said = header.get("typ")
    return said.casefold() if isinstance(said, str) else None if said is None else ""


def _verified(
    token: str, key: PublicKey | bytes, algorithm: str, issuer: ExternalIssuer
) -> dict[str, Any]:
    required = ["exp"]
    required += ["iss"] if issuer.issuer is not None else []
    required += ["aud"] if issuer.audience is not None else []
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=LEEWAY_S,
            options={"require": required, "verify_sub": False, "verify_jti": False},
        )
    except jwt.ExpiredSignatureError:
        raise UnauthorizedError("The token has expired.", expired=True) from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise UnauthorizedError("The token is not valid.") from None
    return claims


def _signed_in_at(claims: dict[str, Any]) -> float | None:
    for name in ("auth_time", "iat"):
        value = claims.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _fingerprint(realm: str, token: str) -> str:
    signed = token.rpartition(".")[0]
    return hashlib.sha256(f"{realm}\n{signed}".encode()).hexdigest()
