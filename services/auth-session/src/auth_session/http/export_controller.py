"""`GET /api/auth/me/export`: what is kept about one's account."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from auth_session.domain.account_export import AccountExport
from auth_session.domain.session import Session
from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.service.account_service import AccountService
from todochat.http.openapi import problems


class ExportController(Controller):
    """Export of one's account."""

    path = "/api/auth/me/export"
    tags = ["auth"]

    @get(responses=problems(401, 403, 404, 429, 503), security=BEARER)
    async def export_account(
        self, session: NamedDependency[Session], accounts: NamedDependency[AccountService]
    ) -> Response[AccountExport]:
        """Return one's account, sessions and access tokens; no password, no token, no hash."""
        return Response(await accounts.export(session.user_id), headers=NO_STORE)
