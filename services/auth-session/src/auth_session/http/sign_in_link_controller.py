"""`/api/auth/sign-in-links`: from a program that is signed in to a browser."""

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from auth_session.domain.session import Session
from auth_session.http.auth_controller import (
    BEARER,
    NO_STORE,
    AnyRequest,
    RefreshToken,
    signed_in_response,
)
from auth_session.http.guards import refuse_foreign_origin
from auth_session.http.schemas import SignedInView
from auth_session.http.sign_in_link_schemas import RedeemSignInLink, SignInLinkView
from auth_session.http.user_agent import user_agent
from auth_session.service.sign_in_links import SignInLinks
from todochat.http.openapi import problems


class SignInLinkController(Controller):
    """One-time links, such as `todochat chat` prints for the account that it made."""

    path = "/api/auth/sign-in-links"
    tags = ["auth"]

    @post(
        guards=[refuse_foreign_origin], responses=problems(401, 403, 413, 429, 503), security=BEARER
    )
    async def create_link(
        self,
        session: NamedDependency[Session],
        sign_in_links: NamedDependency[SignInLinks],
        refresh_token: RefreshToken = None,
    ) -> Response[SignInLinkView]:
        """Make a link that signs in to one's account once, within 10 minutes.

        Needs the session's refresh cookie beside the login token. A new link replaces the one
        before, and ends with the session that made it.
        """
        token, expires_at = await sign_in_links.create(session, refresh_token)
        return Response(SignInLinkView(token=token, expires_at=expires_at), headers=NO_STORE)

    @post(
        "/redeem",
        status_code=200,
        guards=[refuse_foreign_origin],
        responses=problems(400, 401, 403, 413, 422, 429, 503),
    )
    async def redeem_link(
        self,
        data: RequestBody[RedeemSignInLink],
        sign_in_links: NamedDependency[SignInLinks],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Sign in with a link, which is used up."""
        signed_in = await sign_in_links.redeem(data.token, user_agent(request))
        return signed_in_response(request, signed_in)
