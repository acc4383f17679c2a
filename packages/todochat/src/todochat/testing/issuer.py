"""Stand-ins for external issuers of login tokens."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE: Final = "todo-app"
BETTER_AUTH_SECRET: Final = "b9d27f60c1e84f35a2d7e6509b81c3f4"  # noqa: S105 - of tests

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def make_key(algorithm: str) -> PrivateKey:
    """Generate a private key for RS256, ES256 or EdDSA."""
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def public_jwk(key: PrivateKey, kid: str, algorithm: str) -> dict[str, Any]:
    """Return the public half as a JSON Web Key."""
    jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": algorithm}


def public_pem(key: PrivateKey) -> bytes:
    """Return the public half in PEM."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class Issuer:
    """An issuer with public keys: serves them and counts the requests."""

    def __init__(self, name: str = "https://issuer.example", algorithm: str = "ES256") -> None:
        self.name = name
        self.algorithm = algorithm
        self.keys = {"k1": make_key(algorithm)}
        self.more_jwks: list[dict[str, Any]] = []
        self.asked = 0
        self.broken = False
        self.document: bytes | None = None
        self.released = asyncio.Event()
        self.released.set()
        app = web.Application()
        app.router.add_get("/jwks", self._answer)
        self.server = TestServer(app)

    async def _answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await self.released.wait()
        if self.broken:
            raise web.HTTPServiceUnavailable
        return web.Response(body=self.document or json.dumps({"keys": self.jwks()}).encode())

    def jwks(self) -> list[dict[str, Any]]:
        """Return the published keys."""
        own = [public_jwk(key, kid, self.algorithm) for kid, key in self.keys.items()]
        return [*own, *self.more_jwks]

    def entry(self, **changes: object) -> dict[str, object]:
        """Return its entry in AUTH_EXTERNAL_ISSUERS."""
        url = str(self.server.make_url("/jwks"))
        return {"issuer": self.name, "audience": AUDIENCE, "jwks_url": url, **changes}

    def claims(self, **changes: object) -> dict[str, Any]:
        """Return the claims of a token; None omits one."""
        now = int(time.time())
        usual = {"iss": self.name, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 900}
        return without_none({**usual, **changes})

    def token(self, *, kid: str | None = "k1", **changes: Any) -> str:
        """Sign a token; None omits a claim, or the key's id."""
        headers = {} if kid is None else {"kid": kid}
        key = self.keys[kid or "k1"]
        return jwt.encode(self.claims(**changes), key, algorithm=self.algorithm, headers=headers)


def better_auth_token(secret: str = BETTER_AUTH_SECRET, **changes: object) -> str:
    """Return a Better Auth token: its user, signed with its secret; None omits a claim."""
    now = int(time.time())
    usual = {"id": "ada", "email": "ada@example.com", "name": "Ada", "iat": now, "exp": now + 900}
    claims = without_none({**usual, **changes})
    return jwt.encode(claims, secret, algorithm="HS256")


def without_none(claims: Mapping[str, object]) -> dict[str, Any]:
    """Drop the claims that are None."""
    return {name: value for name, value in claims.items() if value is not None}
