"""Personal access tokens: making, listing, revoking and verifying them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from redis.exceptions import RedisError

from auth_session.domain.access_token import (
    AccessToken,
    Scope,
    parse_expiry,
    parse_scopes,
    parse_token_name,
)
from auth_session.domain.clock import Clock
from auth_session.domain.input_check import check_fields
from auth_session.domain.limits import (
    ACCESS_TOKEN_REVOCATION_TOLD,
    ACCESS_TOKEN_USE_NOTED,
    MAX_ACCESS_TOKENS,
)
from auth_session.domain.session import RevokedSid, Session
from auth_session.errors import AccessTokenNotFoundError, TooManyAccessTokensError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.password_service import PasswordService
from auth_session.storage.access_token_repository import AccessTokenRepository
from todochat.database import Database
from todochat.errors import ForbiddenError, UnauthorizedError
from todochat.identity.access_tokens import is_well_formed, new_access_token
from todochat.ids import is_id, new_id

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


class AccessTokenService:
    """Keeps people's access tokens; of the tokens themselves only hashes are stored."""

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

    async def create(
        self,
        session: Session,
        password: str | None,
        client_host: str,
        *,
        name: str,
        scopes: list[Scope],
        expires_at: str | None,
    ) -> tuple[AccessToken, str]:
        """Create a token for the user of a session; the second value is the token, shown once.

        Raises:
            InvalidInputError: a field is not acceptable.
            WrongPasswordError: `password` is missing or wrong.
            RecentSignInRequiredError: the account has no password and the session is too old.
            TooManySignInsError: too many guesses came from this address.
            PasswordPoolFullError: too many passwords are being hashed.
            TooManyAccessTokensError: the account has reached its limit.
            UnauthorizedError: the session ended meanwhile.
        """
        now = self._clock()
        check_fields(
            {
                "name": lambda: parse_token_name(name),
                "scopes": lambda: parse_scopes(scopes),
                "expires_at": lambda: parse_expiry(expires_at, now, self._lifetime),
            }
        )
        confirmed = await self._passwords.confirm(session, password, client_host)
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
            # It locks the account: a change of the password committed before, or will end this
            # token.
            await self._passwords.require_unchanged(transaction, confirmed)
            tokens = AccessTokenRepository(transaction)
            if not await tokens.add(token, _hash(secret), at_most=MAX_ACCESS_TOKENS):
                raise TooManyAccessTokensError(MAX_ACCESS_TOKENS)
        log.info("access_token.created", token_id=token.id, user_id=session.user_id)
        return token, secret

    async def all(self, user_id: str) -> list[AccessToken]:
        """Return an account's tokens, newest first."""
        async with self._database.transaction() as transaction:
            return await AccessTokenRepository(transaction).all(user_id)

    async def revoke(self, user_id: str, token_id: str) -> None:
        """End a token, the client secrets made with it, and the streams they opened.

        Raises:
            AccessTokenNotFoundError: the account has no such token.
        """
        if not is_id(token_id, "pat"):
            raise AccessTokenNotFoundError
        now = self._clock()
        async with self._database.transaction() as transaction:
            ended = await AccessTokenRepository(transaction).revoke(
                user_id, token_id, now=now, known_until=now + ACCESS_TOKEN_REVOCATION_TOLD
            )
        if not ended:
            raise AccessTokenNotFoundError
        log.info("access_token.revoked", token_id=token_id, user_id=user_id)
        await self._announce(ended)

    async def verify(self, secret: str) -> AccessToken:
        """Return the token that this is, and note that it was used.

        Raises:
            AccessTokenNotFoundError: it is none, revoked or expired, or its account is disabled.
        """
        if not is_well_formed(secret):
            raise AccessTokenNotFoundError
        now = self._clock()
        async with self._database.transaction() as transaction:
            tokens = AccessTokenRepository(transaction)
            token = await tokens.find_open(_hash(secret), now)
            if token is None:
                raise AccessTokenNotFoundError
            await tokens.note_use(token.id, now, at_most_every=ACCESS_TOKEN_USE_NOTED)
        return token

    async def open_chat(self, secret: str) -> Session:
        """Return what client secrets are issued for: the token in place of a session.

        Raises:
            UnauthorizedError: the token is not good.
            ForbiddenError: it was not made for chat.
        """
        try:
            token = await self.verify(secret)
        except AccessTokenNotFoundError:
            raise UnauthorizedError("The access token is not valid.") from None
        if "chat" not in token.scopes:
            raise ForbiddenError("This access token was not made for chat.")
        return Session(
            sid=token.id,
            user_id=token.user_id,
            expires_at=token.expires_at or _NEVER,
            tokens_until=token.tokens_until,
            is_access_token=True,
        )

    async def _announce(self, ended: list[AccessToken]) -> None:
        sids = [RevokedSid(sid=token.id, tokens_until=token.tokens_until) for token in ended]
        try:
            await self._publisher.publish(sids)
        except (RedisError, OSError) as error:
            # The database knows; the job that republishes tells the others when Redis is back.
            log.warning("access_token.announce_failed", count=len(sids), error=error)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
