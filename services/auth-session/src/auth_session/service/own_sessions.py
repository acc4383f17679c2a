"""What people see of their own sessions, and ending them."""

import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.session import Session, SessionOverview
from auth_session.service.session_service import SessionService
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.sign_in_link_repository import lock_account
from todochat.database import Database
from todochat.errors import NotFoundError

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
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).get(sid)
        if session is None or session.user_id != user_id:
            raise NotFoundError("There is no such session.")
        await self._sessions.revoke(sid, "ended")

    async def end_all(self, user_id: str) -> list[Session]:
        """End all of a person's sessions and return those that were open."""
        async with self._database.transaction() as transaction:
            # A sign-in that is under way is either finished, and ends here, or comes later.
            await lock_account(transaction, user_id)
            ended = await SessionRepository(transaction).revoke_all(
                user_id, "sign_out_everywhere", self._clock()
            )
        log.info("session.all_revoked", user_id=user_id, count=len(ended))
        await self._sessions.announce(ended)
        return ended
