"""Calls to todo-agent's attachment API; bodies are relayed, not stored."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from chat_gateway.clients.agent_client import RelayedResponse, check_response
from todochat.http.client import MAX_BODY_BYTES, ServiceClient, ServiceResponse, read_bounded

UPLOAD_TIMEOUT_S: Final = 900.0  # 5 MiB at 48 kbit/s; the reader of the body limits pauses
_PASSED_HEADERS: Final[tuple[str, ...]] = (
    "content-type",
    "content-disposition",
    "content-security-policy",
    "cache-control",
    "vary",
)


class AttachmentClient:
    """Typed calls; refusals of todo-agent are raised with their own status and code."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def upload_file(
        self,
        user_id: str,
        chunks: AsyncIterator[bytes],
        headers: Mapping[str, str],
        *,
        attachment_id: str | None = None,
    ) -> RelayedResponse:
        """Upload a file.

        Args:
            attachment_id: the attachment that announced the file; None creates one.

        Raises:
            ServiceError: todo-agent refused the call or is unreachable.
        """
        path = "/internal/attachments"
        if attachment_id is not None:
            path = f"{path}/{attachment_id}/content"
        async with self._client.open(
            "POST", path, user_id=user_id, body=chunks, headers=headers, timeout_s=UPLOAD_TIMEOUT_S
        ) as response:
            content = await read_bounded(response, MAX_BODY_BYTES)
            lowered = {name.lower(): value for name, value in response.headers.items()}
        return _relayed(ServiceResponse(response.status, lowered, content))

    async def read_file(self, user_id: str, attachment_id: str) -> RelayedResponse:
        """Return a file's bytes, with the headers that keep a browser from running it.

        Raises:
            ServiceError: there is no such file, or todo-agent is unreachable.
        """
        path = f"/internal/attachments/{attachment_id}/content"
        return _relayed(await self._client.request("GET", path, user_id=user_id))


def _relayed(response: ServiceResponse) -> RelayedResponse:
    check_response(response)
    headers = {name: response.headers[name] for name in _PASSED_HEADERS if name in response.headers}
    return RelayedResponse(response.body, headers)
