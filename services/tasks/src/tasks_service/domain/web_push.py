"""Web Push messages: encrypted for one browser (RFC 8291), signed by this installation (RFC 8292).

pywebpush isn't used: it needs `requests`, and its encryption library has no wheel, which our images
require. `cryptography` and PyJWT have the primitives.
"""

import base64
import binascii
import datetime as dt
import os
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasks_service.domain.text import invalid

CURVE: Final = ec.SECP256R1()
SALT_BYTES: Final = 16
AUTH_SECRET_BYTES: Final = 16
RECORD_BYTES: Final = 4096  # what every push service accepts, as a whole
SIGNATURE_LIFETIME: Final = dt.timedelta(hours=12)  # RFC 8292 allows 24
MAX_ENDPOINT_CHARS: Final = 2_000
_LAST_RECORD: Final = b"\x02"


def encode_base64url(value: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode base64url with or without padding.

    Raises:
        ValueError: it isn't base64url.
    """
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def check_endpoint(endpoint: str, *, allow_private: bool) -> None:
    """Check the form of a device's endpoint, which a browser names and this service calls.

    Args:
        allow_private: also admit `http` and other ports than 443, for tests and for a push service
            in your own network.

    Raises:
        InvalidInputError: it isn't the address of a push service.
    """
    if len(endpoint) > MAX_ENDPOINT_CHARS or not endpoint.isascii() or not endpoint.isprintable():
        raise invalid("/endpoint", f"must be a URL of at most {MAX_ENDPOINT_CHARS} characters")
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        raise invalid("/endpoint", "must be a URL") from None
    if not url.hostname or url.username is not None or "\\" in endpoint:
        raise invalid("/endpoint", "must have a host and no user")
    if allow_private and url.scheme in ("http", "https"):
        return
    if url.scheme != "https" or port not in (None, 443):
        raise invalid("/endpoint", "must be an https URL without a port")


def check_device_keys(public_key: str, auth_secret: str) -> None:
    """Check the keys that encrypt messages for a device.

    Raises:
        InvalidInputError: one isn't a key.
    """
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode_base64url(public_key))
    except ValueError:
        raise invalid("/keys/p256dh", "must be a point of P-256 in base64url") from None
    try:
        is_secret = len(decode_base64url(auth_secret)) == AUTH_SECRET_BYTES
    except ValueError:
        is_secret = False
    if not is_secret:
        raise invalid("/keys/auth", f"must be {AUTH_SECRET_BYTES} bytes in base64url")


def encrypt(
    payload: bytes,
    public_key: bytes,
    auth_secret: bytes,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Encrypt a message for a device as one record of `aes128gcm`.

    Args:
        payload: at most 3,993 bytes.
        salt: of the example in RFC 8291; a random one by default, and so `sender`.

    Raises:
        ValueError: the payload is too long, or `public_key` isn't a point of P-256.
    """
    salt = salt or os.urandom(SALT_BYTES)
    sender = sender or ec.generate_private_key(CURVE)
    sender_key = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    device_key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public_key)
    shared = HKDF(SHA256(), 32, auth_secret, b"WebPush: info\0" + public_key + sender_key).derive(
        sender.exchange(ec.ECDH(), device_key)
    )
    key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(shared)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(shared)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(sender_key)]) + sender_key
    body = header + AESGCM(key).encrypt(nonce, payload + _LAST_RECORD, None)
    if len(body) > RECORD_BYTES:
        msg = f"the message is longer than {RECORD_BYTES} bytes"
        raise ValueError(msg)
    return body


class VapidKey:
    """The key pair by which push services recognize this installation.

    Args:
        private_key: the 32 bytes of a P-256 private key, in base64url.

    Raises:
        ValueError: it isn't a private key.
    """

    def __init__(self, private_key: str) -> None:
        number = decode_base64url(private_key)
        if len(number) != 32:
            msg = "must be 32 bytes in base64url"
            raise ValueError(msg)
        self._key = ec.derive_private_key(int.from_bytes(number, "big"), CURVE)
        self.public_key = encode_base64url(
            self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        )

    @staticmethod
    def generate() -> str:
        """Return a new private key."""
        number = ec.generate_private_key(CURVE).private_numbers().private_value
        return encode_base64url(number.to_bytes(32, "big"))

    def authorization(self, endpoint: str, subject: str, now: dt.datetime) -> str:
        """Return the `Authorization` of a message.

        Args:
            subject: `mailto:` or `https:` address of who runs this installation.
        """
        url = urlsplit(endpoint)
        claims = {
            "aud": f"{url.scheme}://{url.netloc}",
            "exp": int((now + SIGNATURE_LIFETIME).timestamp()),
            "sub": subject,
        }
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"
