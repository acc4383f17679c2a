"""What Litestar's OpenAPI document doesn't say by itself."""

from dataclasses import dataclass
from typing import Final

import msgspec
from litestar.openapi.spec import OpenAPIResponse, Operation, RequestBody

from auth_session.http.erasure_schemas import EraseAccount
from auth_session.http.exchange_schemas import Exchange
from auth_session.http.schemas import ProfileUpdate, SessionRequest, SignIn, SignUp
from auth_session.http.session_schemas import PasswordChange, SignOutEverywhere
from auth_session.http.token_schemas import CreateAccessToken

# Bodies whose unknown fields are refused.
STRICT_BODIES: Final[tuple[type[msgspec.Struct], ...]] = (
    SignUp,
    SignIn,
    ProfileUpdate,
    SessionRequest,
    CreateAccessToken,
    EraseAccount,
    PasswordChange,
    SignOutEverywhere,
    Exchange,
)


@dataclass
class OptionalBody(Operation):
    """A route whose body may be left out."""

    def __post_init__(self) -> None:
        """Mark the body as optional."""
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


@dataclass
class NoContent(Operation):
    """A route that answers 204."""

    def __post_init__(self) -> None:
        """Leave the answer's content out."""
        answer = (self.responses or {}).get("204")
        if isinstance(answer, OpenAPIResponse):
            answer.content = None


@dataclass
class OptionalBodyNoContent(OptionalBody, NoContent):
    """A route whose body may be left out and that answers 204."""

    def __post_init__(self) -> None:
        """Do both."""
        OptionalBody.__post_init__(self)
        NoContent.__post_init__(self)
