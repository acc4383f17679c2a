"""Verifies login tokens of external issuers."""

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

# Absent, "JWT" (RFC 7519), or the type of access tokens (RFC 9068). Other types are tokens for other
# purposes: our own, client secrets, logout tokens.
_TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})

log = structlog.get_logger(__name__)


class ExternalLogin(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a verified token.

    Attributes:
        expires_at: unix time in seconds.
        signed_in_at: unix time in seconds at which the user signed in, or the token was issued;
            None if the token has neither time.
        fingerprint: a hash of the signed part; equal for every copy of the token, even if its
            signature is encoded differently.
    """

    user: ExternalUser
    expires_at: float
    signed_in_at: float | None
    fingerprint: str


class ExternalTokenVerifier:
    """Selects the issuer by the unverified `iss` and verifies with that entry only."""

    def __init__(self, issuers: Sequence[ExternalIssuer], http: aiohttp.ClientSession) -> None:
        self._issuers = {each.issuer: each for each in issuers if each.algorithms}
        urls = {each.jwks_url for each in issuers if each.jwks_url}
        self._keys = {url: IssuerKeys(url, http) for url in urls}

    def names_external_issuer(self, token: str) -> bool:
        """Return whether a token claims to be of an external issuer, without verifying it."""
        if not self._issuers:
            return False
        try:
            header, claims = _decode_unverified(token)
        except UnauthorizedError:
            return False
        return _type_of(header) in _TYPES and self._issuer_of(claims) is not None

    async def verify_token(self, token: str) -> ExternalLogin:
        """Verify a token.

        Raises:
            UnauthorizedError: the token is not a valid login token of a configured issuer.
            IssuerUnavailableError: the issuer's keys can't be fetched right now.
        """
        header, unverified = _decode_unverified(token)
        issuer = self._issuer_of(unverified)
        if issuer is None:
            log.info("external_token.unknown_issuer", issuer=str(unverified.get("iss"))[:256])
            raise UnauthorizedError("The token's issuer is not configured.")
        if _type_of(header) not in _TYPES:
            raise UnauthorizedError("This type of token is not accepted here.")
        algorithm = header.get("alg")
        if algorithm not in issuer.algorithms:
            raise UnauthorizedError(
                "The token's signature algorithm is not accepted for its issuer."
            )
        if issuer.secret:
            key: PublicKey | bytes = issuer.secret.encode()
        else:
            kid = header.get("kid")
            jwk = await self._keys[issuer.jwks_url].get(None if kid is None else str(kid))
            if jwk is None or jwk.algorithm not in (None, algorithm):
                raise UnauthorizedError("The token was signed with an unknown key.")
            key = jwk.key
        claims = _verify_signature(token, key, str(algorithm), issuer)
        try:
            user = read_external_user(
                claims, realm=issuer.realm, user_claim=issuer.user_claim, prefix=issuer.prefix
            )
            expires_at = float(claims["exp"])
            signed_in_at = _sign_in_time(claims)
        except (ValueError, TypeError, OverflowError) as error:
            msg = f"The token can't be used: {error}."
            raise UnauthorizedError(msg) from None
        signed = f"{issuer.realm}\n{token.rpartition('.')[0]}"
        return ExternalLogin(
            user=user,
            expires_at=expires_at,
            signed_in_at=signed_in_at,
            fingerprint=hashlib.sha256(signed.encode()).hexdigest(),
        )

    async def aclose(self) -> None:
        """Cancel background fetches of keys."""
        for keys in self._keys.values():
            await keys.aclose()

    def _issuer_of(self, claims: dict[str, Any]) -> ExternalIssuer | None:
        issuer = claims.get("iss")
        return self._issuers.get(issuer) if issuer is None or isinstance(issuer, str) else None


def _decode_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise UnauthorizedError("The token is not valid.") from None
    return header, claims


def _type_of(header: dict[str, Any]) -> object:
    typ = header.get("typ")
    return typ.casefold() if isinstance(typ, str) else None if typ is None else ""


def _verify_signature(
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


def _sign_in_time(claims: dict[str, Any]) -> float | None:
    for name in ("auth_time", "iat"):
        value = claims.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None
