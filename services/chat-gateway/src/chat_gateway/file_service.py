"""What the gateway does with files of a verified user: let them in and out, within the limits."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import structlog

from chat_gateway.clients.agent_client import PlainAnswer
from chat_gateway.clients.file_client import Body, FileClient
from chat_gateway.errors import StoreUnavailableError
from chat_gateway.streams.admission import Admission
from todochat.errors import NotFoundError
from todochat.identity.tokens import Identity

_ATTACHMENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # goes into a path of the api

log = structlog.get_logger(__name__)


class FileService:
    """One method per use case."""

    def __init__(self, files: FileClient, admission: Admission) -> None:
        self._files = files
        self._admission = admission

    async def add(self, identity: Identity, body: Body, headers: Mapping[str, str]) -> PlainAnswer:
        """Pass on a file that was not announced.

        Raises:
            ServiceError: it is refused, here or there.
        """
        async with self._place(identity):
            return await self._files.add(identity.user_id, body, headers)

    async def upload(
        self, identity: Identity, attachment_id: str, body: Body, headers: Mapping[str, str]
    ) -> PlainAnswer:
        """Pass on the bytes of an announced file.

        Raises:
            ServiceError: it is refused, here or there.
        """
        _check_id(attachment_id)
        async with self._place(identity):
            return await self._files.upload(identity.user_id, attachment_id, body, headers)

    async def read(self, identity: Identity, attachment_id: str) -> PlainAnswer:
        """Return a file's bytes.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        _check_id(attachment_id)
        await self._admission.admit(identity, "request", opens_stream=False)
        return await self._files.read(identity.user_id, attachment_id)

    @asynccontextmanager
    async def _place(self, identity: Identity) -> AsyncIterator[None]:
        """Hold one of the user's places among open streams: an upload may take a minute."""
        place = await self._admission.admit(identity, "request", opens_stream=True)
        try:
            yield
        finally:
            try:
                await self._admission.release(identity.user_id, place, was_request=False)
            except StoreUnavailableError:  # then it frees itself when its lease ends
                log.warning("admission.release_failed", viewer_id=place)


def _check_id(attachment_id: str) -> None:
    if _ATTACHMENT_ID.fullmatch(attachment_id) is None:
        raise NotFoundError("There is no such attachment.")
