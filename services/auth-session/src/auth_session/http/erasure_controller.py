"""`DELETE /api/auth/me`: erasing one's account."""

from litestar import Controller, Response, delete
from litestar.di import NamedDependency
from litestar.params import RequestBody

from auth_session.domain.session import Session
from auth_session.http.auth_controller import BEARER, NO_STORE, AnyRequest
from auth_session.http.client_host import client_host
from auth_session.http.cookie import no_cookie
from auth_session.http.erasure_schemas import EraseAccount, ErasureView
from auth_session.http.openapi import OptionalBody
from auth_session.service.erasure_service import ErasureService
from auth_session.service.password_service import PasswordService
from todochat.http.openapi import problems


class ErasureController(Controller):
    """Erasing one's account."""

    path = "/api/auth"
    tags = ["auth"]

    @delete(
        "/me",
        status_code=202,
        responses=problems(400, 401, 403, 413, 422, 429, 503),
        security=BEARER,
        operation_class=OptionalBody,
    )
    async def erase_me(
        self,
        session: NamedDependency[Session],
        password_changes: NamedDependency[PasswordService],
        erasures: NamedDependency[ErasureService],
        request: AnyRequest,
        data: RequestBody[EraseAccount | None] = None,
    ) -> Response[ErasureView]:
        """Erase your account with all tasks and chats; this can't be undone.

        Needs the account's password. The user of an account that has none must have signed in
        within the last 15 minutes.
        """
        client = client_host(request)
        password = data.password if data else None
        confirmed = await password_changes.confirm(session, password, client)
        await erasures.begin(session.user_id, confirmed.password_hash)
        cookie = no_cookie(secure=request.app.state.secure_cookies)
        return Response(ErasureView(), status_code=202, cookies=[cookie], headers=NO_STORE)
