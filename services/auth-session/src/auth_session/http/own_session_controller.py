"""`/api/auth/sessions`, sign-out everywhere, and the change of the password."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody
from msgspec import Meta

from auth_session.domain.limits import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from auth_session.domain.session import SessionOverview, UserSession
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client import client_host
from auth_session.http.cookie import expired_refresh_cookie
from auth_session.http.openapi import NoContent, OptionalBodyNoContent
from auth_session.services import Services
from todochat.http.openapi import problems

SessionId = Annotated[str, PathParameter(description="A session's id.")]
RevokeAccessTokens = Annotated[
    bool, Meta(description="Whether to revoke personal access tokens as well.")
]


class SignOutEverywhere(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of a sign-out that ends all sessions."""

    revoke_access_tokens: RevokeAccessTokens = True


class PasswordChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The current password and its replacement."""

    current_password: Annotated[str, Meta(max_length=MAX_PASSWORD_CHARS)]
    new_password: Annotated[
        str,
        Meta(
            min_length=MIN_PASSWORD_CHARS,
            max_length=MAX_PASSWORD_CHARS,
            description="Any characters; not a common password, the e-mail address or the name.",
        ),
    ]
    revoke_access_tokens: RevokeAccessTokens = True


class SessionView(msgspec.Struct, kw_only=True):
    """One sign-in on one device."""

    id: str
    created_at: datetime
    last_used_at: Annotated[datetime, Meta(description="Time of the last token issued for it.")]
    user_agent: Annotated[str | None, Meta(description="User agent of the browser that signed in.")]
    current: Annotated[bool, Meta(description="Whether this request belongs to the session.")]

    @classmethod
    def of(cls, session: SessionOverview, current_sid: str) -> "SessionView":
        """Return the user's view of a session."""
        return cls(
            id=session.sid,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            user_agent=session.user_agent,
            current=session.sid == current_sid,
        )


class SessionsView(msgspec.Struct):
    """The user's sessions."""

    items: list[SessionView]


class OwnSessionController(Controller):
    """The user's own sessions and password."""

    path = "/api/auth"
    tags = ["auth"]

    @get("/sessions", responses=problems(401, 429, 503), security=BEARER)
    async def list_sessions(
        self, session: NamedDependency[UserSession], services: NamedDependency[Services]
    ) -> Response[SessionsView]:
        """Return your usable sessions, most recently used first, at most 100."""
        sessions = await services.own_sessions.list_usable_sessions(session.user_id)
        items = [SessionView.of(each, session.sid) for each in sessions]
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
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
    ) -> Response[None]:
        """End one of your sessions; its streams close within a second."""
        await services.own_sessions.end_session(session.user_id, session_id)
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
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
        request: AnyRequest,
        data: RequestBody[SignOutEverywhere | None] = None,
    ) -> Response[None]:
        """End all of your sessions, including this one, and revoke your access tokens.

        `revoke_access_tokens: false` keeps the tokens.
        """
        options = data or SignOutEverywhere()
        await services.own_sessions.end_all_sessions(
            session.user_id, revoke_access_tokens=options.revoke_access_tokens
        )
        cookie = expired_refresh_cookie(secure=request.app.state.secure_cookies)
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
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
        request: AnyRequest,
    ) -> Response[None]:
        """Change your password; every other session ends, and access tokens are revoked.

        `revoke_access_tokens: false` keeps the tokens. 403 means that `current_password` is wrong;
        wrong passwords count as failed sign-ins.
        """
        await services.passwords.change_password(
            session,
            data.current_password,
            data.new_password,
            client_host(request),
            revoke_access_tokens=data.revoke_access_tokens,
        )
        return Response(None, status_code=204, headers=NO_STORE)
