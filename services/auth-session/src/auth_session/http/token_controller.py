"""`/api/auth/tokens`: personal access tokens."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody

from auth_session.domain.session import Session
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client_host import client_host
from auth_session.http.openapi import NoContent
from auth_session.http.token_schemas import AccessTokenList, AccessTokenView, CreateAccessToken
from auth_session.service.access_token_service import AccessTokenService
from todochat.http.openapi import problems

TokenId = Annotated[str, PathParameter(description="`pat_` and 26 characters.", max_length=64)]


class TokenController(Controller):
    """What a person gives to programs of theirs; needs a login token, an access token won't do."""

    path = "/api/auth/tokens"
    tags = ["tokens"]
    security = BEARER

    @get(responses=problems(401, 403, 429, 503))
    async def list_tokens(
        self,
        session: NamedDependency[Session],
        access_tokens: NamedDependency[AccessTokenService],
    ) -> Response[AccessTokenList]:
        """List one's access tokens, newest first; at most 50."""
        tokens = await access_tokens.all(session.user_id)
        view = AccessTokenList([AccessTokenView.of(token) for token in tokens])
        return Response(view, headers=NO_STORE)

    @post(responses=problems(400, 401, 403, 413, 422, 429, 503))
    async def create_token(
        self,
        session: NamedDependency[Session],
        data: RequestBody[CreateAccessToken],
        access_tokens: NamedDependency[AccessTokenService],
        request: AnyRequest,
    ) -> Response[AccessTokenView]:
        """Create an access token; only this answer contains `token`.

        403 `wrong-password` asks for the account's password (wrong ones count as failed sign-ins),
        `recent-sign-in-required` for a new sign-in at the external issuer.
        """
        token, secret = await access_tokens.create(
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
        session: NamedDependency[Session],
        access_tokens: NamedDependency[AccessTokenService],
    ) -> None:
        """Revoke an access token; within 5 s nothing takes it any more."""
        await access_tokens.revoke(session.user_id, token_id)
