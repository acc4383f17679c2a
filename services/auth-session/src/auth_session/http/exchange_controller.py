"""`/api/auth/exchange`: exchanges a token of an external issuer for a login token."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody
from msgspec import Meta

from auth_session.domain.limits import MAX_EXTERNAL_TOKEN_CHARS
from auth_session.http.auth_controller import NO_STORE, AnyRequest
from auth_session.http.client import user_agent
from auth_session.http.schemas import SignedInView, UserView
from auth_session.services import Services
from todochat.http.openapi import problems


class Exchange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The token that an external issuer gave to its signed-in user."""

    token: Annotated[str, Meta(min_length=1, max_length=MAX_EXTERNAL_TOKEN_CHARS)]


class ExchangeController(Controller):
    """Signing in with a token of an external issuer."""

    path = "/api/auth"
    tags = ["auth"]

    @post("/exchange", status_code=200, responses=problems(400, 401, 403, 413, 422, 503))
    async def exchange(
        self,
        data: RequestBody[Exchange],
        services: NamedDependency[Services],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Exchange an external issuer's token for a login token; there is no refresh cookie.

        When the login token has expired, exchange a new token of the issuer. 503 means that the
        issuer's keys can't be fetched.
        """
        login = await services.external_sign_ins.exchange_token(data.token, user_agent(request))
        view = SignedInView(
            access_token=login.access_token,
            expires_in=int(login.access_lifetime.total_seconds()),
            user=UserView.of(login.user),
        )
        return Response(view, headers=NO_STORE)
