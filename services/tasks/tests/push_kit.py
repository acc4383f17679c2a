"""A push service over HTTP, and the browsers that are subscribed to it and decrypt its messages."""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Document = dict[str, Any]
CURVE = ec.SECP256R1()


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One push subscription, with the private key that stays in the browser."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(CURVE)
        self._auth = os.urandom(16)
        self._point = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def subscription(self, **fields: object) -> Document:
        """Return the result of `PushSubscription.toJSON()`."""
        keys = {"p256dh": encode(self._point), "auth": encode(self._auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys, **fields}

    def decrypt(self, body: bytes) -> Document:
        """Decrypt a message of one record, by RFC 8188 and RFC 8291."""
        salt, sender, text = body[:16], body[21 : 21 + body[20]], body[21 + body[20] :]
        shared = self._key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        )
        info = b"WebPush: info\0" + self._point + sender
        secret = HKDF(SHA256(), 32, self._auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, text, None).rstrip(b"\0")
        assert plain[-1:] == b"\x02", "not the last record"
        message: Document = json.loads(plain[:-1])
        return message


class PushService:
    """Accepts messages, unless `answers` has another response; `on_message` runs before it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []
        self.on_message: Callable[[], object] | None = None
        self.has_message = asyncio.Event()
        app = web.Application()
        app.router.add_post("/push/{token}", self._receive)
        self.server = TestServer(app)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def browser(self) -> Browser:
        return Browser(f"{self.origin}/push/{os.urandom(8).hex()}")

    def messages(self, browser: Browser) -> list[Document]:
        """Return what a browser received, decrypted."""
        return [
            browser.decrypt(body)
            for path, _, body in self.requests
            if browser.endpoint.endswith(path)
        ]

    async def _receive(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, dict(request.headers), await request.read()))
        self.has_message.set()
        if self.on_message is not None:
            self.on_message()
        return self.answers.pop(0) if self.answers else web.Response(status=201)


def verify_vapid(authorization: str) -> tuple[str, Document]:
    """Check a signature as a push service does; return the public key and the claims."""
    fields = dict(part.strip().split("=", 1) for part in authorization[6:].split(","))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(fields["k"]))
    claims: Document = jwt.decode(
        fields["t"], key, algorithms=["ES256"], options={"verify_aud": False}
    )
    return fields["k"], claims
