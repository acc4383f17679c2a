"""Revoked sessions from auth-session's database, over HTTP.

Redis notifies verifiers within a second, but only while it is reachable and has memory. So each
verifier also polls auth-session every 5 s for the sessions revoked since its last poll.
"""

from typing import Final

import msgspec

from todochat.background import PeriodicJob
from todochat.errors import ServiceError
from todochat.http.client import ServiceClient
from todochat.identity.revocation import MAX_REVOKED, RevocationSet

PATH: Final = "/internal/revocations"
POLL_S: Final = 5.0
PAGE: Final = 1_000
TIMEOUT_S: Final = 3.0  # per page
POLL_TIMEOUT_S: Final = 300.0  # the first poll can have 1,000 pages
# Covers transactions that commit after a later one, and processes whose clocks differ.
OVERLAP_S: Final = 60
_NOBODY: Final = "-"  # the call is for no user


class RevokedSession(msgspec.Struct, frozen=True):
    """A revoked session; `until` is the unix time at which its last token expires."""

    sid: str
    until: float


class RevocationPage(msgspec.Struct, frozen=True):
    """One page, ordered by sid; `next` is the `after` of the next page, None on the last one."""

    items: list[RevokedSession]
    next: str | None
    as_of: int


class RevocationFeed:
    """Adds the sessions revoked in auth-session to a process's revocations.

    Args:
        client: of the arrow from this service to auth-session.
    """

    def __init__(self, client: ServiceClient, revocations: RevocationSet) -> None:
        self._client = client
        self._revocations = revocations
        self._since = 0

    def job(self) -> PeriodicJob:
        """Return the job that polls every 5 s."""
        return PeriodicJob(
            name="poll-revocations",
            run=self.poll,
            interval_s=POLL_S,
            timeout_s=POLL_TIMEOUT_S,
            expected=(ServiceError, msgspec.MsgspecError),
        )

    async def poll(self) -> None:
        """Read what was revoked since the last poll; the first one reads everything.

        Raises:
            ServiceError: auth-session is unreachable or refuses; the next poll starts over.
        """
        self._revocations.drop_expired()
        after, as_of = "", None
        for _ in range(MAX_REVOKED // PAGE):
            page = await self._read(after)
            as_of = page.as_of if as_of is None else as_of
            for item in page.items:
                self._revocations.add(item.sid, item.until)
            if page.next is None:
                self._since = max(0, as_of - OVERLAP_S)
                return
            after = page.next

    async def _read(self, after: str) -> RevocationPage:
        params = {"since": str(self._since), "after": after}
        response = await self._client.request(
            "GET", PATH, user_id=_NOBODY, params=params, timeout_s=TIMEOUT_S
        )
        response.raise_for_problem()
        return msgspec.json.decode(response.body, type=RevocationPage)
