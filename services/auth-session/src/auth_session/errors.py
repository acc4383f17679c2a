"""Errors of this service, on top of the shared tree.

    ServiceError
    ├── UnauthorizedError 401
    │   ├── SignInFailedError          sign-in-failed
    │   ├── RefreshRefusedError        refresh-refused
    │   └── SignInLinkRefusedError     sign-in-link-refused
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

`SigningKeyError` is not an error of a request: it prevents the start of the process.
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
    """Unknown e-mail address or wrong password; responses never reveal which."""

    code, title = "sign-in-failed", "Sign-in failed"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class RefreshRefusedError(UnauthorizedError):
    """The refresh token is missing, unknown, expired, revoked or already used."""

    code, title = "refresh-refused", "Sign in again"


class SignInLinkRefusedError(UnauthorizedError):
    """The link is unknown, used, replaced or expired, or its session has ended."""

    code, title = "sign-in-link-refused", "This link is no longer valid"

    def __init__(self) -> None:
        super().__init__("This sign-in link has been used or has expired. Request a new one.")


class AccountDisabledError(ForbiddenError):
    """An administrator has disabled the account."""

    code, title = "account-disabled", "This account is disabled"

    def __init__(self) -> None:
        super().__init__("An administrator has disabled this account.")


class SignUpClosedError(ForbiddenError):
    """AUTH_SIGN_UP is `closed`."""

    code, title = "sign-up-closed", "Sign-up is closed"

    def __init__(self) -> None:
        super().__init__("Only an administrator can create accounts on this installation.")


class InvitationRefusedError(ForbiddenError):
    """AUTH_SIGN_UP is `invite` and the invitation is missing or not valid."""

    code, title = "invitation-refused", "Invitation required"

    def __init__(self) -> None:
        super().__init__("Signing up requires an invitation that is valid for this e-mail address.")


class OriginRefusedError(ForbiddenError):
    """A page of another site sent the request."""

    code, title = "origin-refused", "Origin not allowed"

    def __init__(self) -> None:
        super().__init__("Only the product's own pages can send this request.")


class ExternalUserRefusedError(ForbiddenError):
    """The token is valid, but its user isn't allowed to have an account here."""

    code, title = "external-user-refused", "This account can't be used here"


class WrongPasswordError(ForbiddenError):
    """The account's current password is required, but is missing or wrong."""

    code, title = "wrong-password", "Wrong password"

    def __init__(self, detail: str = "The current password is wrong.") -> None:
        super().__init__(detail)


class RecentSignInRequiredError(ForbiddenError):
    """The account has no password to confirm the request with and signed in too long ago."""

    code, title = "recent-sign-in-required", "Sign in again"

    def __init__(self) -> None:
        super().__init__("Sign in again at your identity provider, then try again.")


class EmailTakenError(ConflictError):
    """There is an account with this e-mail address."""

    code, title = "email-taken", "E-mail address already in use"

    def __init__(self) -> None:
        super().__init__("An account with this e-mail address already exists. Sign in instead.")


class NoPasswordError(ConflictError):
    """The account belongs to an external issuer."""

    code, title = "no-password", "This account has no password"

    def __init__(self) -> None:
        super().__init__(
            "This account signs in at an external identity provider and has no password here."
        )


class RotationTooSoonError(ConflictError):
    """Some verifiers may not have loaded the next signing key yet."""

    code, title = "rotation-too-soon", "Key rotation too soon"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Some services may not have loaded the next key yet. Try again in"
            f" {max(1, math.ceil(wait_s / 60))} minutes, or pass --now if a key was stolen."
        )


class AccessTokenNotFoundError(NotFoundError):
    """No such access token, or it is revoked, expired or another user's."""

    code, title = "access-token-not-found", "Access token not found"

    def __init__(self) -> None:
        super().__init__("This access token doesn't exist.")


class TooManyAccessTokensError(InvalidInputError):
    """The account has reached the limit of access tokens."""

    code, title = "too-many-access-tokens", "Too many access tokens"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} access tokens. Revoke one first.")


class TooManySignInsError(TooManyRequestsError):
    """Too many wrong passwords: for this account, or from this address for any account."""

    code, title = "too-many-sign-ins", "Too many failed sign-ins"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many failed sign-ins from your address. Try again later.",
            retry_after_s=wait_s,
        )


class TooManySignUpsError(TooManyRequestsError):
    """Too many sign-ups from this address within an hour."""

    code, title = "too-many-sign-ups", "Too many sign-ups"

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many sign-ups from your address. Try again later.",
            retry_after_s=wait_s,
        )


class PasswordPoolFullError(UnavailableError):
    """All threads that hash passwords are busy and their queue is full."""

    code = "password-pool-full"

    def __init__(self) -> None:
        super().__init__("Too many sign-ins are in progress. Try again in a second.")


class NoSigningKeyError(UnavailableError):
    """The signing keys haven't been loaded from the database yet."""

    code = "no-signing-key"

    def __init__(self) -> None:
        super().__init__("Tokens can't be issued right now. Try again in a second.")


class IssuerUnavailableError(UnavailableError):
    """An external issuer's keys are not cached and can't be fetched."""

    code = "issuer-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "Your identity provider can't be reached. Try again in a moment.",
            retry_after_s=10,
        )


class HostedChatError(UnavailableError):
    """OpenAI didn't return a client secret."""

    code = "hosted-chat-unavailable"

    def __init__(self) -> None:
        super().__init__("The chat can't be opened right now.", retry_after_s=5)


class SigningKeyError(Exception):
    """A stored signing key can't be decrypted; the message names the setting to fix."""
