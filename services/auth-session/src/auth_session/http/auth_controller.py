"""`/api/auth`: signing up, in and out, and one's own account."""

from typing import Annotated, Any, Final, cast

from litestar import Controller, Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import CookieParameter, QueryParameter, RequestBody

from auth_session.domain.session import Session
from auth_session.errors import RefreshRefusedError
from auth_session.http.client_host import client_host
from auth_session.http.cookie import REFRESH_COOKIE, no_cookie, refresh_cookie
from auth_session.http.guards import refuse_foreign_origin
from auth_session.http.openapi import NoContent
from auth_session.http.schemas import ProfileUpdate, SignedInView, SignIn, SignUp, UserView
from auth_session.http.user_agent import user_agent
from auth_session.service.account_service import AccountService, NewAccount
from auth_session.service.client_secret_service import ClientSecretService
from auth_session.service.session_service import SessionService, SignedIn
from auth_session.service.sign_in_service import SignInService
from todochat.errors import UnauthorizedError
from todochat.http.openapi import problems
from todochat.identity.tokens import bearer_token

NO_STORE: Final = {"Cache-Control": "no-store"}
BEARER: Final = [{"bearer": list[str]()}]
NOBODY: Final = ResponseSpec(None, description="Nobody is signed in.", generate_examples=False)

RefreshToken = Annotated[
    str | None,
    CookieParameter(name=REFRESH_COOKIE, description="Set by sign-up, sign-in and refresh."),
]
AnyRequest = Request[Any, Any, Any]


class AuthController(Controller):
    """Accounts and sessions of the people who sign in here."""

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
        accounts: NamedDependency[AccountService],
        request: AnyRequest,
    ) -> Response[SignedInView]:
        """Make an account and sign it in.

        409 tells that the e-mail address has an account; see the service's README for why.
        """
        account = NewAccount(
            email=data.email,
            password=data.password,
            name=data.name,
            timezone=data.timezone,
            locale=data.locale,
        )
        signed_in = await accounts.sign_up(
            account, data.invitation, client_host(request), user_agent(request)
        )
        return signed_in_response(request, signed_in)

    @post(
        "/sign-in",
        status_code=200,
        guards=[refuse_foreign_origin],
        responses=problems(400, 401, 403, 413, 422, 429, 503),
    )
    async def sign_in(
        self,
        data: RequestBody[SignIn],
        sign_ins: NamedDependency[SignInService],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
    ) -> Response[SignedInView]:
        """Sign in.

        Ten failures to an account from one address make the eleventh wait; 30 failures to any
        accounts from one address within a minute make its others wait. With the refresh cookie of
        an open session of the account, a request doesn't wait behind those without.
        """
        signed_in = await sign_ins.sign_in(
            data.email,
            data.password,
            client_host(request),
            user_agent(request),
            refresh_token,
        )
        return signed_in_response(request, signed_in)

    @post(
        "/refresh",
        status_code=200,
        guards=[refuse_foreign_origin],
        responses={**problems(400, 401, 403, 413, 503), 204: NOBODY},
    )
    async def refresh(
        self,
        sessions: NamedDependency[SessionService],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
        optional: Annotated[
            bool,
            QueryParameter(description="Answer 204 instead of 401 if no refresh cookie came."),
        ] = False,
    ) -> Response[SignedInView]:
        """Trade the refresh cookie for a new one and a new login token.

        A page can't see the cookie; `optional` lets it ask whether anybody is signed in.
        """
        if not refresh_token and optional:
            nobody = Response(None, status_code=204, headers=NO_STORE)
            return cast("Response[SignedInView]", nobody)
        if not refresh_token:
            raise RefreshRefusedError("No refresh token came with the request. Sign in again.")
        return signed_in_response(request, await sessions.refresh(refresh_token))

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
        sessions: NamedDependency[SessionService],
        secrets: NamedDependency[ClientSecretService],
        request: AnyRequest,
        refresh_token: RefreshToken = None,
    ) -> Response[None]:
        """End the session of the refresh cookie, and that of a login token if one is sent."""
        sids = {await sessions.find_sid(refresh_token)} if refresh_token else set[str | None]()
        if "authorization" in request.headers:
            try:
                sids.add((await secrets.identify(bearer_token(request.headers))).sid)
            except UnauthorizedError:
                # A login token lives 15 minutes; one that is over must not keep anybody signed in.
                if not refresh_token:
                    raise
        for sid in sids:
            if sid is not None:
                await sessions.revoke(sid, "sign_out")
        cookie = no_cookie(secure=request.app.state.secure_cookies)
        return Response(None, status_code=204, cookies=[cookie], headers=NO_STORE)

    @get("/me", responses=problems(401, 404, 429, 503), security=BEARER)
    async def get_me(
        self,
        session: NamedDependency[Session],
        accounts: NamedDependency[AccountService],
    ) -> Response[UserView]:
        """Return one's own account."""
        user = await accounts.get(session.user_id)
        return Response(UserView.of(user), headers=NO_STORE)

    @patch("/me", responses=problems(400, 401, 404, 413, 422, 429, 503), security=BEARER)
    async def update_me(
        self,
        session: NamedDependency[Session],
        data: RequestBody[ProfileUpdate],
        accounts: NamedDependency[AccountService],
    ) -> Response[UserView]:
        """Change one's name, time zone or locale."""
        user = await accounts.update_profile(session.user_id, data.changes())
        return Response(UserView.of(user), headers=NO_STORE)


def signed_in_response(request: AnyRequest, signed_in: SignedIn) -> Response[SignedInView]:
    """Answer with a login token, and its refresh token as a cookie."""
    view = SignedInView(
        access_token=signed_in.access_token,
        expires_in=int(signed_in.access_lifetime.total_seconds()),
        user=UserView.of(signed_in.user),
    )
    cookie = refresh_cookie(signed_in, secure=request.app.state.secure_cookies)
    return Response(view, cookies=[cookie], headers=NO_STORE)
