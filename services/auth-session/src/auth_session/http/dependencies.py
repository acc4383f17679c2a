"""What handlers are given: the process's services, and the session a request is made in."""

from typing import Any, Final

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide

from auth_session.domain.session import Session
from auth_session.service.account_service import AccountService
from auth_session.service.client_secret_service import ClientSecretService
from auth_session.service.key_ring import KeyRing
from auth_session.service.session_service import SessionService
from auth_session.service.sign_in_service import SignInService
from todochat.tokens import bearer_token


async def provide_session(request: Request[Any, Any, Any], state: State) -> Session:
    """Return the open session that the login token of a request belongs to.

    Raises:
        UnauthorizedError: there is no valid login token, or its session has ended.
    """
    secrets: ClientSecretService = state.services.secrets
    return await secrets.identify(bearer_token(request.headers))


def _accounts(state: State) -> AccountService:
    service: AccountService = state.services.accounts
    return service


def _keys(state: State) -> KeyRing:
    service: KeyRing = state.services.keys
    return service


def _secrets(state: State) -> ClientSecretService:
    service: ClientSecretService = state.services.secrets
    return service


def _sessions(state: State) -> SessionService:
    service: SessionService = state.services.sessions
    return service


def _sign_ins(state: State) -> SignInService:
    service: SignInService = state.services.sign_ins
    return service


DEPENDENCIES: Final = {
    "session": Provide(provide_session),
    "accounts": Provide(_accounts, sync_to_thread=False),
    "keys": Provide(_keys, sync_to_thread=False),
    "secrets": Provide(_secrets, sync_to_thread=False),
    "sessions": Provide(_sessions, sync_to_thread=False),
    "sign_ins": Provide(_sign_ins, sync_to_thread=False),
}
