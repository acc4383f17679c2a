"""`/api/auth/sessions` and what else people do to their own sessions and password."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody

from auth_session.domain.session import Session
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client_host import client_host
from auth_session.http.cookie import no_cookie
from auth_session.http.openapi import NoContent, OptionalBodyNoContent
from auth_session.http.session_schemas import (
    PasswordChange,
    SessionsView,
    SessionView,
    SignOutEverywhere,
)
from auth_session.service.own_sessions import OwnSessions
from auth_session.service.password_service import PasswordService
from todochat.http.openapi import problems

SessionId = Annotated[str, PathParameter(description="A session's id.")]


class OwnSessionController(Controller):
    """One's own sessions and password."""

    path = "/api/auth"
    tags = ["auth"]

    @get("/sessions", responses=problems(401, 429, 503), security=BEARER)
    async def list_sessions(
        self, session: NamedDependency[Session], own_sessions: NamedDependency[OwnSessions]
    ) -> Response[SessionsView]:
        """Return the sessions one is signed in with, the last used first, at most 100."""
        items = [
            SessionView.of(each, session.sid) for each in await own_sessions.usable(session.user_id)
        ]
        return Response(SessionsView(items), headers=NO_STORE)

    @delete(
        "/sessions/{session_id:str}",
        status_code=204,
        responses=problems(401, 404, 429, 503),
        security=BEARER,
        operation_class=NoContent,
    )
    async def end_session(
        self,
        session_id: SessionId,
        session: NamedDependency[Session],
        own_sessions: NamedDependency[OwnSessions],
    ) -> Response[None]:
        """End one of one's sessions; its streams close within a second."""
        await own_sessions.end(session.user_id, session_id)
        return Response(None, status_code=204, headers=NO_STORE)

    @post(
        "/sign-out-everywhere",
        status_code=204,
        responses=problems(400, 401, 413, 422, 429, 503),
        security=BEARER,
        operation_class=OptionalBodyNoContent,
    )
    async def sign_out_everywhere(
        self,
        session: NamedDependency[Session],
        own_sessions: NamedDependency[OwnSessions],
        request: AnyRequest,
        data: RequestBody[SignOutEverywhere | None] = None,
    ) -> Response[None]:
        """End all of your sessions, this one included, and revoke your access tokens.

        `revoke_access_tokens: false` keeps the tokens.
        """
        choice = data or SignOutEverywhere()
        await own_sessions.end_all(
            session.user_id, revoke_access_tokens=choice.revoke_access_tokens
        )
        cookie = no_cookie(secure=request.app.state.secure_cookies)
        return Response(None, status_code=204, cookies=[cookie], headers=NO_STORE)

    @post(
        "/password",
        status_code=204,
        responses=problems(400, 401, 403, 409, 413, 422, 429, 503),
        security=BEARER,
        operation_class=NoContent,
    )
    async def change_password(
        self,
        data: RequestBody[PasswordChange],
        session: NamedDependency[Session],
        password_changes: NamedDependency[PasswordService],
        request: AnyRequest,
    ) -> Response[None]:
        """Change your password; every other session ends, and access tokens are revoked.

        `revoke_access_tokens: false` keeps the tokens. 403 means that `current_password` is wrong;
        such guesses count as failed sign-ins.
        """
        await password_changes.change(
            session,
            data.current_password,
            data.new_password,
            client_host(request),
            revoke_access_tokens=data.revoke_access_tokens,
        )
        return Response(None, status_code=204, headers=NO_STORE)
