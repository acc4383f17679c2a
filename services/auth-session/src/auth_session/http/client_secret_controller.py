"""`/api/chatkit/session`: client secrets for the chat."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody
from msgspec import Meta

from auth_session.domain.limits import LONGEST_TOKEN_LIFETIME, MAX_USER_ID_CHARS
from auth_session.domain.session import UserSession
from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.http.client import user_agent
from auth_session.http.dependencies import admit_request
from auth_session.http.openapi import OptionalBody
from auth_session.service.backend_tokens import Backend
from auth_session.services import Services
from todochat.errors import FieldError, ForbiddenError, InvalidInputError
from todochat.http.openapi import problems
from todochat.identity.access_tokens import looks_like_access_token
from todochat.identity.tokens import bearer_token


class ExpiresAfter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """When a client secret expires."""

    seconds: Annotated[int, Meta(ge=1, le=int(LONGEST_TOKEN_LIFETIME.total_seconds()))]
    anchor: Literal["created_at"] = "created_at"


class SessionRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The user to issue a client secret for.

    `user` and `expires_after` are those of OpenAI's `chatkit.sessions.create`.
    """

    user_id: (
        Annotated[
            str,
            Meta(
                max_length=MAX_USER_ID_CHARS,
                description="Optional: only the user of the token is accepted.",
            ),
        ]
        | None
    ) = None
    user: (
        Annotated[
            str,
            Meta(
                max_length=MAX_USER_ID_CHARS,
                description="Required with a backend token, refused with others: the back end's "
                "own name of its user.",
            ),
        ]
        | None
    ) = None
    expires_after: (
        Annotated[
            ExpiresAfter,
            Meta(
                description="Only with a backend token. The limit is the default, "
                "AUTH_SESSION_CLIENT_SECRET_LIFETIME_S."
            ),
        ]
        | None
    ) = None


class ClientSecretView(msgspec.Struct, kw_only=True):
    """A ChatKit client secret; it grants access to chat only."""

    client_secret: str
    expires_at: Annotated[datetime, Meta(description="In UTC.")]
    user_id: Annotated[str, Meta(description="Its user, as in the path `/api/{user_id}/chat`.")]


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
        request: Request[Any, Any, Any],
        services: NamedDependency[Services],
        data: RequestBody[SessionRequest | None] = None,
    ) -> Response[ClientSecretView]:
        """Return a client secret for your own user; the body is optional.

        Accepts a login token, a token of a configured external issuer, or a personal access token
        with the scope `chat`. The secret expires after AUTH_SESSION_CLIENT_SECRET_LIFETIME_S (1
        hour by default), or earlier with the session.

        With a backend token of a configured issuer, `user` names the issuer's user to issue the
        secret for, whose account is created on first use.
        """
        body = data or SessionRequest()
        token = bearer_token(request.headers)
        backend = services.backend_tokens.find_backend(token)
        if backend is not None:
            session = await open_backend_session(backend, body, request, services)
        else:
            session = await find_chat_session(token, request, services)
            if body.user is not None or body.expires_after is not None:
                raise ForbiddenError("Only a backend token can set `user` and `expires_after`.")
        secret = await services.client_secrets.create_client_secret(session, body.user_id)
        view = ClientSecretView(
            client_secret=secret.secret, expires_at=secret.expires_at, user_id=session.user_id
        )
        return Response(view, headers=NO_STORE)


async def find_chat_session(
    token: str, request: Request[Any, Any, Any], services: Services
) -> UserSession:
    """Return the session of a login token, an external token, or an access token for chat.

    Raises:
        UnauthorizedError: the token is not valid.
        ForbiddenError: the access token doesn't have the scope `chat`.
        TooManyRequestsError: the user has reached the limit of requests per minute.
    """
    if looks_like_access_token(token):
        session = await services.access_tokens.authorize_chat(token)
    elif services.external_tokens.names_external_issuer(token):
        session = await services.external_sign_ins.open_session(token, user_agent(request))
    else:
        session = await services.client_secrets.find_session(token)
    await admit_request(session.user_id, request, services)
    return session


async def open_backend_session(
    backend: Backend, body: SessionRequest, request: Request[Any, Any, Any], services: Services
) -> UserSession:
    """Open a session for the user whom a back end names.

    Raises:
        InvalidInputError: `user` is missing or can't be used here.
        ForbiddenError: `user_id` is another user.
        ExternalUserRefusedError: the user isn't allowed to have an account here.
        AccountDisabledError: the account is disabled.
        TooManyRequestsError: the user has reached the limit of requests per minute.
    """
    if body.user is None:
        field = FieldError("/user", "Required with a backend token.")
        raise InvalidInputError("Name the user to issue a client secret for.", errors=[field])
    user = backend.read_user(body.user)
    if body.user_id not in {None, user.user_id}:
        raise ForbiddenError("`user_id` is not the one of `user`.")
    await admit_request(user.user_id, request, services)
    longest_s = request.app.state.settings.client_secret_lifetime_s
    seconds = body.expires_after.seconds if body.expires_after else longest_s
    return await services.external_sign_ins.open_session_for(
        backend, user, timedelta(seconds=min(seconds, longest_s)), user_agent(request)
    )
