"""`/api/auth/exchange`: a login token of ours for one of an external issuer."""

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import RequestBody

from auth_session.http.auth_controller import NO_STORE, AnyRequest
from auth_session.http.exchange_schemas import Exchange
from auth_session.http.schemas import SignedInView, UserView
from auth_session.http.user_agent import user_agent
from auth_session.service.external_sign_in import ExternalSignIn
from todochat.http.openapi import problems


class ExchangeController(Controller):
    """Signing in with the token of an external issuer."""

    path = "/api/auth"
    tags = ["auth"]

    @post("/exchange", status_code=200, responses=problems(400, 401, 403, 413, 422, 503))
    async def exchange(
        self,
        data: RequestBody[Exchange],
        external: NamedDependency[ExternalSignIn],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Trade an external issuer's token for a login token; there is no refresh cookie.

        When the login token is over, trade a fresh one of the issuer's. 503 means that the issuer
        can't be asked for its keys.
        """
        exchanged = await external.exchange(data.token, user_agent(request))
        view = SignedInView(
            access_token=exchanged.access_token,
            expires_in=int(exchanged.access_lifetime.total_seconds()),
            user=UserView.of(exchanged.user),
        )
        return Response(view, headers=NO_STORE)
