"""`/api/auth`: signing up, in and out, and refreshing a session."""

from typing import Annotated, Any, Final, cast

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import CookieParameter, QueryParameter, RequestBody

from auth_session.errors import RefreshRefusedError
from auth_session.http.client import client_host, user_agent
from auth_session.http.cookie import REFRESH_COOKIE, expired_refresh_cookie, refresh_cookie
from auth_session.http.guards import refuse_foreign_origin
from auth_session.http.openapi import NoContent
from auth_session.http.schemas import SignedInView, SignIn, SignUp, UserView
from auth_session.service.account_service import NewAccount
from auth_session.service.session_service import SessionTokens
from auth_session.services import Services
from todochat.errors import UnauthorizedError
from todochat.http.openapi import problems
from todochat.identity.tokens import bearer_token

NO_STORE: Final = {"Cache-Control": "no-store"}
BEARER: Final = [{"bearer": list[str]()}]
NOT_SIGNED_IN: Final = ResponseSpec(None, description="Not signed in.", generate_examples=False)

RefreshToken = Annotated[
    str | None,
    CookieParameter(name=REFRESH_COOKIE, description="Set by sign-up, sign-in and refresh."),
]
AnyRequest = Request[Any, Any, Any]


class AuthController(Controller):
    """Sign-up, sign-in, refresh and sign-out."""

    path = "/api/auth"
    tags = ["auth"]

    @post(
        "/sign-up",
        guards=[refuse_foreign_origin],
        responses=problems(400, 403, 409, 413, 422, 429, 503),
    )
    async def sign_up(
        self,
        data: RequestBody[SignUp],
        services: NamedDependency[Services],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Create an account and sign in to it.

        409 reveals that the e-mail address has an account; the service's README gives the reason.
        """
        account = NewAccount(
            email=data.email,
            password=data.password,
            name=data.name,
            timezone=data.timezone,
            locale=data.locale,
        )
        tokens = await services.accounts.sign_up(
            account, data.invitation, client_host(request), user_agent(request)
        )
        return signed_in_response(request, tokens)

    @post(
        "/sign-in",
        status_code=200,
        guards=[refuse_foreign_origin],
        responses=problems(400, 401, 403, 413, 422, 429, 503),
    )
    async def sign_in(
        self,
        data: RequestBody[SignIn],
        services: NamedDependency[Services],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
    ) -> Response[SignedInView]:
        """Sign in.

        After ten failed sign-ins to an account from one address, further ones have to wait, as
        they do after 30 failures from one address within a minute, to any accounts. A request with
        the refresh cookie of an open session of the account is queued apart from those without.
        """
        tokens = await services.sign_ins.sign_in(
            data.email,
            data.password,
            client_host(request),
            user_agent(request),
            refresh_token,
        )
        return signed_in_response(request, tokens)

    @post(
        "/refresh",
        status_code=200,
        guards=[refuse_foreign_origin],
        responses={**problems(400, 401, 403, 413, 503), 204: NOT_SIGNED_IN},
    )
    async def refresh(
        self,
        services: NamedDependency[Services],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
        optional: Annotated[
            bool,
            QueryParameter(description="Return 204 instead of 401 without a refresh cookie."),
        ] = False,
    ) -> Response[SignedInView]:
        """Exchange the refresh cookie for a new one and a new login token.

        Pages can't read the cookie; with `optional` they can check whether a user is signed in.
        """
        if not refresh_token and optional:
            not_signed_in = Response(None, status_code=204, headers=NO_STORE)
            return cast("Response[SignedInView]", not_signed_in)
        if not refresh_token:
            raise RefreshRefusedError("The request has no refresh token. Sign in again.")
        return signed_in_response(request, await services.sessions.refresh_session(refresh_token))

    @post(
        "/sign-out",
        status_code=204,
        guards=[refuse_foreign_origin],
        responses=problems(401, 403, 413, 503),
        security=[{}, *BEARER],
        operation_class=NoContent,
    )
    async def sign_out(
        self,
        services: NamedDependency[Services],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
    ) -> Response[None]:
        """End the session of the refresh cookie, and that of the login token if there is one."""
        sids = set[str | None]()
        if refresh_token:
            sids.add(await services.sessions.find_sid(refresh_token))
        if "authorization" in request.headers:
            try:
                session = await services.client_secrets.find_session(bearer_token(request.headers))
                sids.add(session.sid)
            except UnauthorizedError:
                # A login token lives for 15 minutes; an expired one must not prevent the sign-out.
                if not refresh_token:
                    raise
        for sid in sids:
            if sid is not None:
                await services.sessions.revoke_session(sid, "sign_out")
        cookie = expired_refresh_cookie(secure=request.app.state.secure_cookies)
        return Response(None, status_code=204, cookies=[cookie], headers=NO_STORE)


def signed_in_response(request: AnyRequest, tokens: SessionTokens) -> Response[SignedInView]:
    """Return a response with a login token, and the refresh token as a cookie."""
    view = SignedInView(
        access_token=tokens.access_token,
        expires_in=int(tokens.access_lifetime.total_seconds()),
        user=UserView.of(tokens.user),
    )
    cookie = refresh_cookie(tokens, secure=request.app.state.secure_cookies)
    return Response(view, cookies=[cookie], headers=NO_STORE)
