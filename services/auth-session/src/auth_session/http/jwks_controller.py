"""The public keys that verify this service's tokens."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency

from auth_session.http.schemas import JwksView
from auth_session.service.key_ring import KeyRing
from todochat.http.openapi import problems

# A key is published long before it signs, so a cached document is never too old to verify with.
_MAX_AGE_S: Final = 60


@get("/.well-known/jwks.json", responses=problems(503), tags=["keys"])
async def get_jwks(keys: NamedDependency[KeyRing]) -> Response[JwksView]:
    """Return the public keys as a JSON Web Key set."""
    headers = {"Cache-Control": f"public, max-age={_MAX_AGE_S}"}
    return Response(JwksView(keys.published()), headers=headers)
