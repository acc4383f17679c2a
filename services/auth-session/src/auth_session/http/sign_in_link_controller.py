"""`/api/auth/sign-in-links`: hands a session over from a signed-in program to a browser."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody
from msgspec import Meta

from auth_session.domain.limits import MAX_SIGN_IN_LINK_TOKEN_CHARS
from auth_session.domain.session import UserSession
from auth_session.http.auth_controller import (
    BEARER,
    NO_STORE,
    AnyRequest,
    RefreshToken,
    signed_in_response,
)
from auth_session.http.client import user_agent
from auth_session.http.guards import refuse_foreign_origin
from auth_session.http.schemas import SignedInView
from auth_session.services import Services
from todochat.http.openapi import problems


class SignInLinkView(msgspec.Struct, kw_only=True):
    """A new link; the page `/sign-in-link#TOKEN` of the site redeems it."""

    token: Annotated[str, Meta(description="Returned only when the link is created.")]
    expires_at: Annotated[datetime, Meta(description="In UTC.")]


class RedeemSignInLink(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The token of a link."""

    token: Annotated[str, Meta(max_length=MAX_SIGN_IN_LINK_TOKEN_CHARS)]


class SignInLinkController(Controller):
    """One-time links, such as `todochat chat` prints for the account that it created."""

    path = "/api/auth/sign-in-links"
    tags = ["auth"]

    @post(
        guards=[refuse_foreign_origin], responses=problems(401, 403, 413, 429, 503), security=BEARER
    )
    async def create_link(
        self,
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
        refresh_token: RefreshToken = None,
    ) -> Response[SignInLinkView]:
        """Create a link that signs in to your account once, within 10 minutes.

        Requires the session's refresh cookie in addition to the login token. A new link replaces
        the previous one and becomes invalid when its session ends.
        """
        token, expires_at = await services.sign_in_links.create_link(session, refresh_token)
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
        services: NamedDependency[Services],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Sign in with a link; it can't be used again."""
        tokens = await services.sign_in_links.redeem_link(data.token, user_agent(request))
        return signed_in_response(request, tokens)
