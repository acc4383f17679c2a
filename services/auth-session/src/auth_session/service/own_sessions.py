"""What people see of their own sessions, and ending them."""

import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.session import SessionOverview
from auth_session.service.session_service import SessionService
from auth_session.storage.credentials import revoke_credentials
from auth_session.storage.session_repository import SessionRepository
from todochat.database import Database
from todochat.errors import NotFoundError
from todochat.ids import is_id

log = structlog.get_logger(__name__)


class OwnSessions:
    """Lists and ends the sessions of one person."""

    def __init__(self, database: Database, sessions: SessionService, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock

    async def usable(self, user_id: str) -> list[SessionOverview]:
        """Return the sessions that can still be used, at most 100, the last used first."""
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).open_of(user_id, self._clock())

    async def end(self, user_id: str, sid: str) -> None:
        """End one of a person's sessions; one that has ended already stays so.

        Raises:
            NotFoundError: the person has no such session.
        """
        if not is_id(sid, "ses"):
            raise NotFoundError("There is no such session.")
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).get(sid)
        if session is None or session.user_id != user_id:
            raise NotFoundError("There is no such session.")
        await self._sessions.revoke(sid, "ended")

    async def end_all(self, user_id: str, *, revoke_access_tokens: bool = True) -> None:
        """End all sessions of a user, and their access tokens."""
        async with self._database.transaction() as transaction:
            ended = await revoke_credentials(
                transaction,
                user_id,
                "sign_out_everywhere",
                self._clock(),
                access_tokens=revoke_access_tokens,
            )
        log.info("session.all_revoked", user_id=user_id, count=len(ended))
        await self._sessions.announce(ended)
