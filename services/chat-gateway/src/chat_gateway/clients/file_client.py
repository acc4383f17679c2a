"""todo-agent's files, as the gateway relays them: bytes go through, nothing is kept."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

from chat_gateway.clients.agent_client import PlainAnswer, check_answer
from todochat.http.client import MAX_BODY_BYTES, ServiceClient, ServiceResponse, read_bounded

UPLOAD_TIMEOUT_S: Final = 900.0  # 5 MiB at 48 kbit/s; pauses are limited where it is read
_SHOWN_HEADERS: Final[tuple[str, ...]] = (
    "content-type",
    "content-disposition",
    "content-security-policy",
    "cache-control",
    "vary",
)


class Body(Protocol):
    """A request's body; `failure` is why it couldn't be read to its end, if so."""

    failure: Exception | None

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield it as it comes."""


class FileClient:
    """Typed calls; what todo-agent refuses is raised with its own status and code."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def add(self, user_id: str, body: Body, headers: Mapping[str, str]) -> PlainAnswer:
        """Pass on a file that was not announced.

        Raises:
            ServiceError: it was refused, or todo-agent can't be reached.
        """
        return await self._upload("/internal/attachments", user_id, body, headers)

    async def upload(
        self, user_id: str, attachment_id: str, body: Body, headers: Mapping[str, str]
    ) -> PlainAnswer:
        """Pass on the bytes of an announced file.

        Raises:
            ServiceError: it was refused, or todo-agent can't be reached.
        """
        path = f"/internal/attachments/{attachment_id}/content"
        return await self._upload(path, user_id, body, headers)

    async def read(self, user_id: str, attachment_id: str) -> PlainAnswer:
        """Return a file's bytes, with the headers that make it harmless.

        Raises:
            ServiceError: there is none, or todo-agent can't be reached.
        """
        path = f"/internal/attachments/{attachment_id}/content"
        response = await self._client.request("GET", path, user_id=user_id)
        check_answer(response)
        return _answer(response)

    async def _upload(
        self, path: str, user_id: str, body: Body, headers: Mapping[str, str]
    ) -> PlainAnswer:
        try:
            async with self._client.open(
                "POST",
                path,
                user_id=user_id,
                body=body.chunks(),
                headers=headers,
                timeout_s=UPLOAD_TIMEOUT_S,
            ) as response:
                content = await read_bounded(response, MAX_BODY_BYTES)
                lowered = {name.lower(): value for name, value in response.headers.items()}
                answer = ServiceResponse(response.status, lowered, content)
        except Exception as error:
            # aiohttp only says that sending failed; why is the browser's business, or ours.
            if body.failure is not None:
                raise body.failure from error
            raise
        check_answer(answer)
        return _answer(answer)


def _answer(response: ServiceResponse) -> PlainAnswer:
    headers = {name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers}
    return PlainAnswer(response.body, headers)
