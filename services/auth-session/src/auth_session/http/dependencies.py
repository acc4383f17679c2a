"""What handlers are given: the process's services, and the session a request is made in."""

from typing import Any, Final

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide

from auth_session.domain.session import Session
from auth_session.http.user_agent import user_agent
from auth_session.service.access_token_service import AccessTokenService
from auth_session.service.account_service import AccountService
from auth_session.service.client_secret_service import ClientSecretService
from auth_session.service.erasure_service import ErasureService
from auth_session.service.external_sign_in import ExternalSignIn
from auth_session.service.key_ring import KeyRing
from auth_session.service.own_sessions import OwnSessions
from auth_session.service.password_service import PasswordService
from auth_session.service.revocation_service import RevocationService
from auth_session.service.session_service import SessionService
from auth_session.service.sign_in_links import SignInLinks
from auth_session.service.sign_in_service import SignInService
from todochat.errors import TooManyRequestsError
from todochat.http.rate_limit import RateLimit
from todochat.identity.access_tokens import looks_like_access_token
from todochat.identity.tokens import bearer_token
from todochat.telemetry.logging import bind


async def provide_session(request: Request[Any, Any, Any], state: State) -> Session:
    """Return the open session that the login token of a request belongs to.

    Raises:
        UnauthorizedError: there is no valid login token, or its session has ended.
        ForbiddenError: a personal access token came instead.
        TooManyRequestsError: the user has used up this minute's requests.
    """
    secrets: ClientSecretService = state.services.secrets
    return await _admit(await secrets.identify(bearer_token(request.headers)), state)


async def provide_chat_session(request: Request[Any, Any, Any], state: State) -> Session:
    """Return what a client secret is issued for: a session, or an access token made for chat.

    The session is that of a login token, of ours or of an external issuer.

    Raises:
        UnauthorizedError: there is no valid token.
        ForbiddenError: the access token was not made for chat.
        TooManyRequestsError: the user has used up this minute's requests.
    """
    token = bearer_token(request.headers)
    if looks_like_access_token(token):
        access_tokens: AccessTokenService = state.services.access_tokens
        return await _admit(await access_tokens.open_chat(token), state)
    external: ExternalSignIn = state.services.external
    if external.takes(token):
        return await _admit(await external.open(token, user_agent(request)), state)
    return await provide_session(request, state)


async def _admit(session: Session, state: State) -> Session:
    """Name the user in log lines and count the request against their rate limit."""
    bind(user_id=session.user_id)
    requests: RateLimit = state.services.requests
    wait_s = await requests.take(session.user_id)
    if wait_s > 0:
        limit = state.settings.requests_per_minute
        msg = f"You can send at most {limit} requests a minute."
        raise TooManyRequestsError(msg, retry_after_s=wait_s)
    return session


def _access_tokens(state: State) -> AccessTokenService:
    service: AccessTokenService = state.services.access_tokens
    return service


def _accounts(state: State) -> AccountService:
    service: AccountService = state.services.accounts
    return service


def _erasures(state: State) -> ErasureService:
    service: ErasureService = state.services.erasures
    return service


def _keys(state: State) -> KeyRing:
    service: KeyRing = state.services.keys
    return service


def _external(state: State) -> ExternalSignIn:
    service: ExternalSignIn = state.services.external
    return service


def _own_sessions(state: State) -> OwnSessions:
    service: OwnSessions = state.services.own_sessions
    return service


def _password_changes(state: State) -> PasswordService:
    service: PasswordService = state.services.password_changes
    return service


def _revocations(state: State) -> RevocationService:
    service: RevocationService = state.services.revocations
    return service


def _secrets(state: State) -> ClientSecretService:
    service: ClientSecretService = state.services.secrets
    return service


def _sessions(state: State) -> SessionService:
    service: SessionService = state.services.sessions
    return service


def _sign_in_links(state: State) -> SignInLinks:
    service: SignInLinks = state.services.sign_in_links
    return service


def _sign_ins(state: State) -> SignInService:
    service: SignInService = state.services.sign_ins
    return service


DEPENDENCIES: Final = {
    "session": Provide(provide_session),
    "chat_session": Provide(provide_chat_session),
    "access_tokens": Provide(_access_tokens, sync_to_thread=False),
    "accounts": Provide(_accounts, sync_to_thread=False),
    "erasures": Provide(_erasures, sync_to_thread=False),
    "keys": Provide(_keys, sync_to_thread=False),
    "external": Provide(_external, sync_to_thread=False),
    "own_sessions": Provide(_own_sessions, sync_to_thread=False),
    "revocations": Provide(_revocations, sync_to_thread=False),
    "password_changes": Provide(_password_changes, sync_to_thread=False),
    "secrets": Provide(_secrets, sync_to_thread=False),
    "sessions": Provide(_sessions, sync_to_thread=False),
    "sign_in_links": Provide(_sign_in_links, sync_to_thread=False),
    "sign_ins": Provide(_sign_ins, sync_to_thread=False),
}
