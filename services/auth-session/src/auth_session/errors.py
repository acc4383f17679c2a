"""Errors of this service, on top of the shared tree.

    ServiceError
    ├── UnauthorizedError 401
    │   ├── SignInFailedError          sign-in-failed
    │   └── RefreshRefusedError        refresh-refused
    ├── ForbiddenError 403
    │   ├── AccountDisabledError       account-disabled
    │   ├── SignUpClosedError          sign-up-closed
    │   ├── InvitationRefusedError     invitation-refused
    │   ├── ExternalUserRefusedError   external-user-refused
    │   ├── OriginRefusedError         origin-refused
    │   ├── WrongPasswordError         wrong-password
    │   └── RecentSignInRequiredError  recent-sign-in-required
    ├── NotFoundError 404
    │   └── AccessTokenNotFoundError   access-token-not-found
    ├── ConflictError 409
    │   ├── EmailTakenError            email-taken
    │   ├── NoPasswordError            no-password
    │   └── RotationTooSoonError       rotation-too-soon
    ├── InvalidInputError 422
    │   └── TooManyAccessTokensError   too-many-access-tokens
    ├── TooManyRequestsError 429
    │   ├── TooManySignInsError        too-many-sign-ins
    │   └── TooManySignUpsError        too-many-sign-ups
    └── UnavailableError 503
        ├── PasswordPoolFullError      password-pool-full
        ├── NoSigningKeyError          no-signing-key
        ├── IssuerUnavailableError     issuer-unavailable
        └── HostedChatError            hosted-chat-unavailable

Not for callers: `SigningKeyError` stops the start of the process.
"""

import math

from todochat.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)


class SignInFailedError(UnauthorizedError):
    """Unknown e-mail address or wrong password; which one it was is never told."""

    code, title = "sign-in-failed", "Sign-in failed"

    def __init__(self) -> None:
        super().__init__("There is no account with this e-mail address and password.")


class RefreshRefusedError(UnauthorizedError):
    """The refresh token is missing, unknown, expired, revoked or used up."""

    code, title = "refresh-refused", "Sign in again"


class AccountDisabledError(ForbiddenError):
    """An administrator has disabled the account."""

    code, title = "account-disabled", "This account is disabled"

    def __init__(self) -> None:
        super().__init__("This installation's administrator has disabled the account.")


class SignUpClosedError(ForbiddenError):
    """AUTH_SIGN_UP is `closed`."""

    code, title = "sign-up-closed", "Sign-up is closed"

    def __init__(self) -> None:
        super().__init__("New accounts are made by this installation's administrator only.")


class InvitationRefusedError(ForbiddenError):
    """AUTH_SIGN_UP is `invite` and the invitation is missing or doesn't hold."""

    code, title = "invitation-refused", "An invitation is needed"

    def __init__(self) -> None:
        super().__init__("A new account needs an invitation that holds for this e-mail address.")


class OriginRefusedError(ForbiddenError):
    """A page of another site sent the request."""

    code, title = "origin-refused", "Not allowed from this site"

    def __init__(self) -> None:
        super().__init__("This request may only come from the product's own pages.")


class ExternalUserRefusedError(ForbiddenError):
    """The token is valid, but its user can't have an account here."""

    code, title = "external-user-refused", "This account can't be used here"


class WrongPasswordError(ForbiddenError):
    """The account's current password is required; another one or none was given."""

    code, title = "wrong-password", "Wrong password"

    def __init__(self, detail: str = "This is not the account's current password.") -> None:
        super().__init__(detail)


class RecentSignInRequiredError(ForbiddenError):
    """The account has no password to confirm the request with, and the sign-in is too old."""

    code, title = "recent-sign-in-required", "Sign in again"

    def __init__(self) -> None:
        super().__init__("Sign in again at your identity provider, then repeat this request.")


class EmailTakenError(ConflictError):
    """There is an account with this e-mail address."""

    code, title = "email-taken", "This e-mail address has an account"

    def __init__(self) -> None:
        super().__init__("An account with this e-mail address exists. Sign in instead.")


class NoPasswordError(ConflictError):
    """The account belongs to an external issuer."""

    code, title = "no-password", "This account has no password"

    def __init__(self) -> None:
        super().__init__("This account signs in elsewhere and has no password here.")


class RotationTooSoonError(ConflictError):
    """The next signing key is not known to every verifier yet."""

    code, title = "rotation-too-soon", "The next key is too young"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Not every service knows the next key yet. Try again in"
            f" {max(1, math.ceil(wait_s / 60))} minutes, or pass --now if a key was stolen."
        )


class AccessTokenNotFoundError(NotFoundError):
    """No such access token, or it is revoked, expired or somebody else's."""

    code, title = "access-token-not-found", "There is no such access token"

    def __init__(self) -> None:
        super().__init__("There is no access token like this.")


class TooManyAccessTokensError(InvalidInputError):
    """One more access token would be over the limit."""

    code, title = "too-many-access-tokens", "Too many access tokens"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} access tokens are kept; revoke one first.")


class TooManySignInsError(TooManyRequestsError):
    """Too many sign-ins to this account failed from this address."""

    code, title = "too-many-sign-ins", "Too many failed sign-ins"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many sign-ins to this account failed from your address. Try again later.",
            retry_after_s=wait_s,
        )


class TooManySignUpsError(TooManyRequestsError):
    """Too many sign-ups came from this address within an hour."""

    code, title = "too-many-sign-ups", "Too many sign-ups"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many accounts were asked for from your address. Try again later.",
            retry_after_s=wait_s,
        )


class PasswordPoolFullError(UnavailableError):
    """All threads that hash passwords are busy and their queue is full."""

    code = "password-pool-full"

    def __init__(self) -> None:
        super().__init__("Many people are signing in at this moment. Try again in a second.")


class NoSigningKeyError(UnavailableError):
    """The signing keys could not be read from the database yet."""

    code = "no-signing-key"

    def __init__(self) -> None:
        super().__init__("Tokens can't be issued at this moment. Try again in a second.")


class IssuerUnavailableError(UnavailableError):
    """An external issuer's keys are not known and it can't be asked."""

    code = "issuer-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The service that signed you in can't be reached. Try again in a moment.",
            retry_after_s=10,
        )


class HostedChatError(UnavailableError):
    """OpenAI gave no client secret."""

    code = "hosted-chat-unavailable"

    def __init__(self) -> None:
        super().__init__("The chat can't be opened at this moment.", retry_after_s=5)


class SigningKeyError(Exception):
    """A stored signing key can't be decrypted; the message says which setting is wrong."""
