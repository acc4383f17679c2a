"""The public keys that verify this service's tokens."""

from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from auth_session.services import Services
from todochat.http.openapi import problems

# Keys are published long before they sign, so a cached document can verify every token.
_MAX_AGE_S: Final = 60


class JwksView(msgspec.Struct):
    """A JSON Web Key set (RFC 7517)."""

    keys: list[dict[str, Any]]


@get("/.well-known/jwks.json", responses=problems(503), tags=["keys"])
async def get_jwks(services: NamedDependency[Services]) -> Response[JwksView]:
    """Return the public keys as a JSON Web Key set."""
    headers = {"Cache-Control": f"public, max-age={_MAX_AGE_S}"}
    return Response(JwksView(services.keys.published()), headers=headers)
