"""Requests another service to erase a user."""

from http import HTTPStatus
from urllib.parse import quote

import structlog

from todochat.errors import UnavailableError
from todochat.http.client import ServiceClient

log = structlog.get_logger(__name__)


class UserEraser:
    """Calls `DELETE /internal/users/{user_id}` of one service."""

    def __init__(self, target: str, client: ServiceClient) -> None:
        self._target = target
        self._client = client

    async def erase_user(self, user_id: str) -> bool:
        """Request the deletion of everything a service stores about a user.

        Returns:
            Whether nothing is left; False means to retry later.
        """
        path = f"/internal/users/{quote(user_id, safe='')}"
        try:
            response = await self._client.request("DELETE", path, user_id=user_id)
        except UnavailableError as error:
            log.warning("erasure.unreachable", target=self._target, reason=error.detail)
            return False
        if response.status == HTTPStatus.NO_CONTENT:
            return True
        log.info("erasure.not_done", target=self._target, status=response.status)
        return False
