"""The Litestar application of the service."""

from typing import Final

from litestar import Litestar, Router
from litestar.datastructures import State

from auth_session.http.account_controller import AccountController, EraseAccount
from auth_session.http.auth_controller import AuthController
from auth_session.http.client_secret_controller import ClientSecretController, SessionRequest
from auth_session.http.cookie import is_https
from auth_session.http.dependencies import DEPENDENCIES
from auth_session.http.exchange_controller import Exchange, ExchangeController
from auth_session.http.guards import allowed_origins
from auth_session.http.internal_controller import (
    AccessTokenVerificationController,
    ContactController,
    RevocationController,
)
from auth_session.http.jwks_controller import get_jwks
from auth_session.http.own_session_controller import (
    OwnSessionController,
    PasswordChange,
    SignOutEverywhere,
)
from auth_session.http.schemas import ProfileUpdate, SignIn, SignUp
from auth_session.http.sign_in_link_controller import RedeemSignInLink, SignInLinkController
from auth_session.http.token_controller import TokenController
from auth_session.http.token_schemas import CreateAccessToken
from auth_session.lifespan import lifespan
from auth_session.settings import AuthSessionSettings
from todochat.clock import Clock, utc_now
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.http.app import create_app as create_service_app

NAME: Final = "auth-session"
# Request bodies that refuse unknown fields.
STRICT_BODIES: Final = (
    SignUp,
    SignIn,
    ProfileUpdate,
    SessionRequest,
    CreateAccessToken,
    EraseAccount,
    PasswordChange,
    SignOutEverywhere,
    Exchange,
    RedeemSignInLink,
)
BODY_LIMIT_BYTES: Final = 16 * 1024  # the largest body, a sign-up, is under 4 KiB


def create_app(settings: AuthSessionSettings, clock: Clock = utc_now) -> Litestar:
    """Build the application."""
    routes = Router(
        "/",
        route_handlers=[
            AuthController,
            ExchangeController,
            OwnSessionController,
            SignInLinkController,
            TokenController,
            AccountController,
            ClientSecretController,
            AccessTokenVerificationController,
            ContactController,
            RevocationController,
            get_jwks,
        ],
        exception_handlers=OUTAGE_HANDLERS,
    )
    app = create_service_app(
        name=NAME,
        settings=settings,
        route_handlers=[routes],
        lifespan=[lifespan],
        ready_checks={"database": check_database, "signing-keys": check_keys},
        dependencies=DEPENDENCIES,
        body_limit_bytes=BODY_LIMIT_BYTES,
        description="Accounts, sign-in, signing keys and ChatKit client secrets.",
        strict_schemas=[body.__name__ for body in STRICT_BODIES],
    )
    app.state.clock = clock
    app.state.secure_cookies = is_https(settings.public_url)
    app.state.allowed_origins = allowed_origins(settings.public_url, settings.cors_origins)
    return app


async def check_database(state: State) -> None:
    """Readiness check: the database responds."""
    await state.services.database.ping()


async def check_keys(state: State) -> None:
    """Readiness check: the signing keys are loaded."""
    state.services.keys.published()
