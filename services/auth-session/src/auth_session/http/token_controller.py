"""`/api/auth/tokens`: personal access tokens."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody

from auth_session.domain.session import UserSession
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client import client_host
from auth_session.http.openapi import NoContent
from auth_session.http.token_schemas import AccessTokenList, AccessTokenView, CreateAccessToken
from auth_session.services import Services
from todochat.http.openapi import problems

TokenId = Annotated[str, PathParameter(description="`pat_` and 26 characters.", max_length=64)]


class TokenController(Controller):
    """Personal access tokens; managing them requires a login token, not an access token."""

    path = "/api/auth/tokens"
    tags = ["tokens"]
    security = BEARER

    @get(responses=problems(401, 403, 429, 503))
    async def list_tokens(
        self, session: NamedDependency[UserSession], services: NamedDependency[Services]
    ) -> Response[AccessTokenList]:
        """List your access tokens, newest first; at most 50."""
        tokens = await services.access_tokens.list_tokens(session.user_id)
        view = AccessTokenList([AccessTokenView.of(token) for token in tokens])
        return Response(view, headers=NO_STORE)

    @post(responses=problems(400, 401, 403, 413, 422, 429, 503))
    async def create_token(
        self,
        session: NamedDependency[UserSession],
        data: RequestBody[CreateAccessToken],
        services: NamedDependency[Services],
        request: AnyRequest,
    ) -> Response[AccessTokenView]:
        """Create an access token; only this response contains `token`.

        403 `wrong-password` requires the account's password (wrong ones count as failed sign-ins),
        `recent-sign-in-required` a new sign-in at the external issuer.
        """
        token, secret = await services.access_tokens.create_token(
            session,
            data.password,
            client_host(request),
            name=data.name,
            scopes=data.scopes,
            expires_at=data.expires_at,
        )
        return Response(AccessTokenView.of(token, secret), headers=NO_STORE)

    @delete(
        "/{token_id:str}",
        status_code=204,
        responses=problems(401, 403, 404, 429, 503),
        operation_class=NoContent,
    )
    async def revoke_token(
        self,
        token_id: TokenId,
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
    ) -> None:
        """Revoke an access token; every service refuses it within 5 s."""
        await services.access_tokens.revoke_token(session.user_id, token_id)
