"""Who a request speaks for."""

import re
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from todochat.contracts.uploads import LinkSigner
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.tokens import Identity, TokenVerifier, bearer_token
from todochat.telemetry.logging import bind

_UNIX_TIME: Final = re.compile(r"[0-9]{1,11}")


async def require_own_secret_or_link(
    connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler
) -> None:
    """Let through who has the secret, or a signed link to this file that has not expired.

    Raises:
        UnauthorizedError: there is no valid secret, and the link isn't valid any more.
        ForbiddenError: the path is another user's.
    """
    query, path = connection.query_params, connection.path_params
    if "signature" not in query or "authorization" in connection.headers:
        await require_own_secret(connection, handler)
        return
    signer: LinkSigner = connection.app.state.link_signer
    expires = str(query.get("expires", ""))
    expires_at = int(expires) if _UNIX_TIME.fullmatch(expires) else 0
    user_id, attachment_id = path["user_id"], path["attachment_id"]
    if not signer.is_valid(user_id, attachment_id, expires_at, str(query["signature"])):
        raise UnauthorizedError("This link is not valid, or not any more.")
    # A link speaks for its user without a session: it opens this one file until it expires.
    bind(user_id=user_id)
    connection.scope["auth"] = Identity(user_id, "", expires_at, "client-secret")


async def require_own_secret(
    connection: "ASGIConnection[Any, Any, Any, Any]", _handler: BaseRouteHandler
) -> None:
    """Let a request through if its client secret belongs to the user in its path.

    A guard, not a dependency: it comes before anything else of the request is looked at, so
    whoever has no secret learns nothing. Handlers find the identity in `request.auth`.

    Raises:
        UnauthorizedError: there is no valid secret.
        ForbiddenError: the path is another user's.
    """
    verifier: TokenVerifier = connection.app.state.verifier
    identity = await verifier.client_secret(bearer_token(connection.headers))
    if connection.path_params["user_id"] != identity.user_id:
        raise ForbiddenError("The client secret was given out for another user.")
    bind(user_id=identity.user_id)
    connection.scope["auth"] = identity
