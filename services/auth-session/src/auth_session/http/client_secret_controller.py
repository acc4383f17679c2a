"""`/api/chatkit/session`: client secrets for the chat."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody
from msgspec import Meta

from auth_session.domain.limits import MAX_USER_ID_CHARS
from auth_session.domain.session import UserSession
from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.http.openapi import OptionalBody
from auth_session.services import Services
from todochat.http.openapi import problems


class SessionRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The user to issue a client secret for: optional, and only your own user."""

    user_id: Annotated[str, Meta(max_length=MAX_USER_ID_CHARS)] | None = None


class ClientSecretView(msgspec.Struct, kw_only=True):
    """A ChatKit client secret; it grants access to chat only."""

    client_secret: str
    expires_at: Annotated[datetime, Meta(description="In UTC.")]


class ClientSecretController(Controller):
    """Client secrets."""

    path = "/api/chatkit"
    tags = ["chatkit"]

    @post(
        "/session",
        status_code=200,
        responses=problems(400, 401, 403, 413, 422, 429, 503),
        security=BEARER,
        operation_class=OptionalBody,
    )
    async def create_client_secret(
        self,
        chat_session: NamedDependency[UserSession],
        services: NamedDependency[Services],
        data: RequestBody[SessionRequest | None] = None,
    ) -> Response[ClientSecretView]:
        """Return a client secret for your own user; the body is optional.

        Accepts a login token, a token of a configured external issuer, or a personal access token
        with the scope `chat`. The secret expires after AUTH_SESSION_CLIENT_SECRET_LIFETIME_S (1
        hour by default), or earlier with the session.
        """
        user_id = data.user_id if data else None
        secret = await services.client_secrets.create_client_secret(chat_session, user_id)
        view = ClientSecretView(client_secret=secret.secret, expires_at=secret.expires_at)
        return Response(view, headers=NO_STORE)
