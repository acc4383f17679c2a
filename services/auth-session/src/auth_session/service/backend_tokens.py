"""Recognizes the tokens with which an adopter's back end acts for its users."""

import hmac
from collections.abc import Sequence

import msgspec

from auth_session.domain.external_user import ExternalUser, read_external_user
from auth_session.issuer_settings import ExternalIssuer
from auth_session.service.secret_hash import hash_secret
from todochat.errors import FieldError, InvalidInputError


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """The back end of an issuer; `token_hint` tells its tokens apart in log lines."""

    issuer: ExternalIssuer
    token_hint: str

    def read_user(self, subject: str) -> ExternalUser:
        """Return the issuer's user with this name.

        Raises:
            InvalidInputError: the name can't be used here.
        """
        try:
            return read_external_user(
                {"sub": subject}, realm=self.issuer.realm, user_claim="", prefix=self.issuer.prefix
            )
        except ValueError as error:
            field = FieldError(
                "/user",
                "1 to 128 characters of A-Z a-z 0-9 . _ | : @ - with the issuer's prefix, and"
                " not beginning with usr_",
            )
            msg = f"Invalid user: {error}."
            raise InvalidInputError(msg, errors=[field]) from None


class BackendTokens:
    """The configured tokens; only their digests are known."""

    def __init__(self, issuers: Sequence[ExternalIssuer]) -> None:
        self._known = [(digest, each) for each in issuers for digest in each.backend_digests]

    def find_backend(self, token: str) -> Backend | None:
        """Return the back end that a token belongs to, in a time independent of the token."""
        found: Backend | None = None
        presented = hash_secret(token) if self._known else b""
        for digest, issuer in self._known:
            if hmac.compare_digest(digest, presented):
                found = Backend(issuer=issuer, token_hint=digest.hex()[:8])
        return found
