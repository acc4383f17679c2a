"""`/api/auth/me`: the user's own account: its profile, export and erasure."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import RequestBody
from msgspec import Meta

from auth_session.domain.account_export import AccountExport
from auth_session.domain.limits import MAX_PASSWORD_CHARS
from auth_session.domain.session import UserSession
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client import client_host
from auth_session.http.cookie import expired_refresh_cookie
from auth_session.http.openapi import OptionalBody
from auth_session.http.schemas import ProfileUpdate, UserView
from auth_session.services import Services
from todochat.http.openapi import problems


class EraseAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The confirmation that the account may be erased."""

    password: (
        Annotated[
            str,
            Meta(
                max_length=MAX_PASSWORD_CHARS,
                description="The account's password; omit it for an account without one.",
            ),
        ]
        | None
    ) = None


class ErasureView(msgspec.Struct):
    """The account is deleted; other services erase its data as soon as they are available."""

    status: Literal["erasing"] = "erasing"


class AccountController(Controller):
    """The user's own account."""

    path = "/api/auth/me"
    tags = ["auth"]
    security = BEARER

    @get(responses=problems(401, 404, 429, 503))
    async def get_me(
        self, session: NamedDependency[UserSession], services: NamedDependency[Services]
    ) -> Response[UserView]:
        """Return your account."""
        user = await services.accounts.get_account(session.user_id)
        return Response(UserView.of(user), headers=NO_STORE)

    @patch(responses=problems(400, 401, 404, 413, 422, 429, 503))
    async def update_me(
        self,
        session: NamedDependency[UserSession],
        data: RequestBody[ProfileUpdate],
        services: NamedDependency[Services],
    ) -> Response[UserView]:
        """Change your name, time zone or locale."""
        user = await services.accounts.update_profile(session.user_id, data.changes())
        return Response(UserView.of(user), headers=NO_STORE)

    @get("/export", responses=problems(401, 403, 404, 429, 503))
    async def export_account(
        self, session: NamedDependency[UserSession], services: NamedDependency[Services]
    ) -> Response[AccountExport]:
        """Return your account, sessions and access tokens; no password, token or hash."""
        export = await services.accounts.export_account(session.user_id)
        return Response(export, headers=NO_STORE)

    @delete(
        status_code=202,
        responses=problems(400, 401, 403, 413, 422, 429, 503),
        operation_class=OptionalBody,
    )
    async def erase_me(
        self,
        session: NamedDependency[UserSession],
        services: NamedDependency[Services],
        request: AnyRequest,
        data: RequestBody[EraseAccount | None] = None,
    ) -> Response[ErasureView]:
        """Erase your account with all tasks and chats; this can't be undone.

        Requires the account's password. If the account has none, you must have signed in within
        the last 15 minutes.
        """
        password = data.password if data else None
        confirmation = await services.passwords.confirm_owner(
            session, password, client_host(request)
        )
        await services.erasures.erase_account(session.user_id, confirmation.password_hash)
        cookie = expired_refresh_cookie(secure=request.app.state.secure_cookies)
        return Response(ErasureView(), status_code=202, cookies=[cookie], headers=NO_STORE)
