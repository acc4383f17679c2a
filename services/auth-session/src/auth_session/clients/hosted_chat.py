"""OpenAI's hosted ChatKit back end, for installations that still run an Agent Builder workflow.

OpenAI shuts Agent Builder down on 2026-11-30; this module will be removed with it.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import aiohttp
import msgspec
import structlog
from msgspec import Meta

from auth_session.errors import HostedChatError
from todochat.http.client import read_bounded

TIMEOUT_S: Final = 10.0
MAX_RESPONSE_BYTES: Final = 256 * 1024

# Takes a user's id; returns the client secret and the unix time at which it expires.
HostedChat = Callable[[str], Awaitable[tuple[str, int]]]

log = structlog.get_logger(__name__)


class _ChatSession(msgspec.Struct):
    client_secret: str
    expires_at: Annotated[int, Meta(ge=0, lt=2**33)]  # unix time


def hosted_chat(
    http: aiohttp.ClientSession, *, base_url: str, api_key: str, workflow_id: str
) -> HostedChat:
    """Return a function that requests a client secret of OpenAI (`chatkit.sessions.create`)."""

    async def create(user_id: str) -> tuple[str, int]:
        try:
            async with http.post(
                f"{base_url.rstrip('/')}/chatkit/sessions",
                json={"workflow": {"id": workflow_id}, "user": user_id},
                headers={"Authorization": f"Bearer {api_key}", "OpenAI-Beta": "chatkit_beta=v1"},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                allow_redirects=False,
            ) as response:
                body = await read_bounded(response, MAX_RESPONSE_BYTES)
                if response.status != 200:
                    log.error("hosted_chat.refused", status=response.status)
                    raise HostedChatError
                session = msgspec.json.decode(body, type=_ChatSession)
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("hosted_chat.failed", error=error)
            raise HostedChatError from error
        return session.client_secret, session.expires_at

    return create
