"""Creates, lists, revokes and verifies personal access tokens."""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from auth_session.domain.access_token import (
    AccessToken,
    Scope,
    parse_expiry,
    parse_scopes,
    parse_token_name,
)
from auth_session.domain.input_check import check_fields
from auth_session.domain.limits import (
    ACCESS_TOKEN_REVOCATION_LIFETIME,
    ACCESS_TOKEN_USE_INTERVAL,
    MAX_ACCESS_TOKENS,
)
from auth_session.domain.session import RevokedSid, UserSession
from auth_session.errors import AccessTokenNotFoundError, TooManyAccessTokensError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.password_service import PasswordService
from auth_session.service.secret_hash import hash_secret
from auth_session.storage.access_token_repository import AccessTokenRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.access_tokens import is_well_formed, new_access_token
from todochat.ids import is_id, new_id

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


class AccessTokenService:
    """Manages users' access tokens; of the tokens themselves only hashes are stored."""

    def __init__(
        self,
        database: Database,
        publisher: RevocationPublisher,
        passwords: PasswordService,
        *,
        lifetime: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._passwords = passwords
        self._lifetime = lifetime
        self._clock = clock

    async def create_token(
        self,
        session: UserSession,
        password: str | None,
        client_host: str,
        *,
        name: str,
        scopes: list[Scope],
        expires_at: str | None,
    ) -> tuple[AccessToken, str]:
        """Create a token for the user of a session; return it with its secret, which is shown once.

        Raises:
            InvalidInputError: a field is not acceptable.
            WrongPasswordError: `password` is missing or wrong.
            RecentSignInRequiredError: the account has no password and the session is too old.
            TooManySignInsError: too many wrong passwords from this address.
            PasswordPoolFullError: too many passwords are being processed.
            TooManyAccessTokensError: the account has reached its limit.
            UnauthorizedError: the session has ended in the meantime.
        """
        now = self._clock()
        check_fields(
            {
                "name": lambda: parse_token_name(name),
                "scopes": lambda: parse_scopes(scopes),
                "expires_at": lambda: parse_expiry(expires_at, now, self._lifetime),
            }
        )
        confirmation = await self._passwords.confirm_owner(session, password, client_host)
        secret = new_access_token()
        token = AccessToken(
            id=new_id("pat"),
            user_id=session.user_id,
            name=parse_token_name(name),
            scopes=parse_scopes(scopes),
            created_at=now,
            last_used_at=None,
            expires_at=parse_expiry(expires_at, now, self._lifetime),
            tokens_until=now,
        )
        async with self._database.transaction() as transaction:
            # Locks the account: a change of the password has either been committed before, or will
            # revoke this token.
            await self._passwords.require_unchanged(transaction, confirmation)
            tokens = AccessTokenRepository(transaction)
            if not await tokens.add_token(token, hash_secret(secret), at_most=MAX_ACCESS_TOKENS):
                raise TooManyAccessTokensError(MAX_ACCESS_TOKENS)
        log.info("access_token.created", token_id=token.id, user_id=session.user_id)
        return token, secret

    async def list_tokens(self, user_id: str) -> list[AccessToken]:
        """Return an account's tokens, newest first."""
        async with self._database.transaction() as transaction:
            return await AccessTokenRepository(transaction).list_tokens(user_id)

    async def revoke_token(self, user_id: str, token_id: str) -> None:
        """Revoke a token with its client secrets, which closes the streams they opened.

        Raises:
            AccessTokenNotFoundError: the account has no such token.
        """
        if not is_id(token_id, "pat"):
            raise AccessTokenNotFoundError
        now = self._clock()
        async with self._database.transaction() as transaction:
            revoked = await AccessTokenRepository(transaction).revoke_tokens(
                user_id, token_id, now=now, keep_until=now + ACCESS_TOKEN_REVOCATION_LIFETIME
            )
        if not revoked:
            raise AccessTokenNotFoundError
        log.info("access_token.revoked", token_id=token_id, user_id=user_id)
        await self._publisher.publish_best_effort(
            [RevokedSid(sid=token.id, tokens_until=token.tokens_until) for token in revoked]
        )

    async def verify_token(self, secret: str) -> AccessToken:
        """Return the token with this secret and record its use.

        Raises:
            AccessTokenNotFoundError: it is unknown, revoked or expired, or its account disabled.
        """
        if not is_well_formed(secret):
            raise AccessTokenNotFoundError
        now = self._clock()
        async with self._database.transaction() as transaction:
            tokens = AccessTokenRepository(transaction)
            token = await tokens.find_valid_token(hash_secret(secret), now)
            if token is None:
                raise AccessTokenNotFoundError
            await tokens.record_use(token.id, now, at_most_every=ACCESS_TOKEN_USE_INTERVAL)
        return token

    async def authorize_chat(self, secret: str) -> UserSession:
        """Return a token in the form of a session, to issue client secrets for.

        Raises:
            UnauthorizedError: the token is not valid.
            ForbiddenError: it doesn't have the scope `chat`.
        """
        try:
            token = await self.verify_token(secret)
        except AccessTokenNotFoundError:
            raise UnauthorizedError("The access token is not valid.") from None
        if "chat" not in token.scopes:
            raise ForbiddenError("This access token doesn't have the scope chat.")
        return UserSession(
            sid=token.id,
            user_id=token.user_id,
            expires_at=token.expires_at or _NEVER,
            tokens_until=token.tokens_until,
            is_access_token=True,
        )
