"""Asks auth-session how users can be reached; nothing of it is stored here."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec

from todochat.contracts.contact import CONTACT_PATH, Contact
from todochat.http.client import ServiceClient, UpstreamError

_NOBODY: Final = Contact(email=None, timezone=None)


class ContactDirectory:
    """Reads the contact of one user at a time.

    Args:
        client: for the arrow from tasks to auth-session.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def find(self, user_id: str) -> Contact:
        """Return how a user can be reached; an unknown or disabled user can't.

        Raises:
            UpstreamError: auth-session is unreachable.
        """
        path = CONTACT_PATH.format(user_id=quote(user_id, safe=""))
        response = await self._client.request("GET", path, user_id=user_id)
        if response.status == HTTPStatus.NOT_FOUND:
            return _NOBODY
        if response.status != HTTPStatus.OK:
            raise UpstreamError("The e-mail address can't be looked up right now.")
        return msgspec.json.decode(response.body, type=Contact)
