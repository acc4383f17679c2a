"""`/api/chatkit/session`: client secrets for the chat."""

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from auth_session.domain.session import Session
from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.http.openapi import OptionalBody
from auth_session.http.schemas import ClientSecretView, SessionRequest
from auth_session.service.client_secret_service import ClientSecretService
from todochat.http.openapi import problems


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
        chat_session: NamedDependency[Session],
        secrets: NamedDependency[ClientSecretService],
        data: RequestBody[SessionRequest | None] = None,
    ) -> Response[ClientSecretView]:
        """Return a client secret for oneself, good for an hour at most; the body may be empty.

        Takes a login token, that of a configured external issuer, or a personal access token that was made for chat.
        """
        secret = await secrets.create(chat_session, data.user_id if data else None)
        view = ClientSecretView(client_secret=secret.secret, expires_at=secret.expires_at)
        return Response(view, headers=NO_STORE)
