"""Lists and ends users' own sessions."""

import structlog

from auth_session.domain.session import SessionOverview
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.session_service import SessionService
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.session_repository import SessionRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import NotFoundError
from todochat.ids import is_id

log = structlog.get_logger(__name__)


class OwnSessionService:
    """Lists and ends the sessions of a user."""

    def __init__(
        self,
        database: Database,
        sessions: SessionService,
        publisher: RevocationPublisher,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._publisher = publisher
        self._clock = clock

    async def list_usable_sessions(self, user_id: str) -> list[SessionOverview]:
        """Return the usable sessions, most recently used first, at most 100."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).list_usable_sessions(user_id, self._clock())

    async def end_session(self, user_id: str, sid: str) -> None:
        """End one of a user's sessions; a no-op if it has ended already.

        Raises:
            NotFoundError: the user has no such session.
        """
        if not is_id(sid, "ses"):
            raise NotFoundError("This session doesn't exist.")
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).get_session(sid)
        if session is None or session.user_id != user_id:
            raise NotFoundError("This session doesn't exist.")
        await self._sessions.revoke_session(sid, "ended")

    async def end_all_sessions(self, user_id: str, *, revoke_access_tokens: bool = True) -> None:
        """End all sessions of a user and, by default, revoke their access tokens."""
        async with self._database.transaction() as transaction:
            revoked = await revoke_credentials(
                transaction,
                user_id,
                "sign_out_everywhere",
                self._clock(),
                access_tokens=revoke_access_tokens,
            )
        log.info("session.all_revoked", user_id=user_id, count=len(revoked))
        await self._publisher.publish_best_effort(revoked)
