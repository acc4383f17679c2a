"""The public keys of an external issuer."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from typing_extensions import override

from auth_session.errors import IssuerUnavailableError
from todochat.identity.key_cache import KeyCache

MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048
_PUBLIC_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class IssuerKey(msgspec.Struct, frozen=True):
    """A public key, and the only algorithm to use it with, if the issuer specifies one."""

    key: PublicKey
    algorithm: str | None


class _Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


class IssuerKeys(KeyCache[IssuerKey]):
    """An external issuer's keys by `kid`, cached for five minutes and fetched at most every 10 s.

    While the issuer is down, the last keys are used for up to a day.
    """

    # A withdrawn key is not accepted for longer, even if the issuer stays unreachable.
    max_stale_s: ClassVar[float] = 24 * 3600.0
    max_document_bytes = 256 * 1024
    follows_redirects = False

    async def get(self, kid: str | None) -> IssuerKey | None:
        """Return a key, or None if the issuer publishes no such key.

        Args:
            kid: None for the only key of an issuer that has one.

        Raises:
            IssuerUnavailableError: the key isn't cached and can't be fetched.
        """
        if self.age_s > self.max_stale_s:
            self.keys = {}
        key = self._find_key(kid)
        if key is None:
            await self.refresh()
            key = self._find_key(kid)
            if key is None and self.last_fetch_failed:
                raise IssuerUnavailableError
        else:
            self.refresh_in_background()
        return key

    @override
    def parse_keys(self, document: bytes) -> dict[str, IssuerKey]:
        return parse_keys(document)

    def _find_key(self, kid: str | None) -> IssuerKey | None:
        if kid is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        return self.keys.get(kid or "")


def parse_keys(document: bytes) -> dict[str, IssuerKey]:
    """Return the usable public keys of a JSON Web Key set by `kid`.

    Unusable entries (encryption keys, shared secrets, unknown curves, weak RSA keys) are skipped:
    an issuer may publish them for other purposes.

    Raises:
        ValueError: the document is not a JSON Web Key set, or has too many keys.
        msgspec.MsgspecError: the same.
    """
    entries = msgspec.json.decode(document, type=_Jwks).keys
    if len(entries) > MAX_KEYS:
        msg = f"more than {MAX_KEYS} keys"
        raise ValueError(msg)
    return {
        str(entry.get("kid", "")): key
        for entry in entries
        if (key := _parse_key(entry)) is not None
    }


def _parse_key(entry: Mapping[str, Any]) -> IssuerKey | None:
    if entry.get("kty") not in _PUBLIC_TYPES or entry.get("use", "sig") != "sig":
        return None
    try:
        # Without `alg`, which may name any algorithm: the type of the key decides which ones fit.
        key = jwt.PyJWK({name: entry[name] for name in entry if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, PublicKey):
        return None  # the issuer published a private key
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        return None
    algorithm = entry.get("alg")
    return IssuerKey(key, None if algorithm is None else str(algorithm))
