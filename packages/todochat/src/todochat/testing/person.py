"""A user of a ChatKit client: signs up, chats, reads streams."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Self

import httpx
import msgspec

from todochat.testing.issuer import better_auth_token

PASSWORD = "correct horse battery staple"  # noqa: S105 - for accounts that live as long as a test


class Stream:
    """One streamed response; iterates over the JSON of its events.

    Attributes:
        raw: the bytes read so far.
        last_id: the last `id:` seen.
        ended: status of the end marker, None before it (and for clients that get none).
        comments: the comments seen, pings included.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.raw = b""
        self.last_id = 0
        self.ended: str | None = None
        self.comments: list[str] = []
        self._events = self._parse()

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self._events

    async def until(self, event_type: str) -> dict[str, Any]:
        """Read until the first event of a type; `update.type` counts too."""
        async for event in self._events:
            if event_type in (event["type"], event.get("update", {}).get("type")):
                return event
        msg = f"the stream ended without {event_type}: {self.raw.decode()[-2000:]}"
        raise AssertionError(msg)

    async def rest(self) -> list[dict[str, Any]]:
        """Read until the end."""
        return [event async for event in self._events]

    async def _parse(self) -> AsyncIterator[dict[str, Any]]:
        buffer = b""
        async for chunk in self.response.aiter_raw():
            self.raw += chunk
            buffer += chunk
            *frames, buffer = buffer.split(b"\n\n")
            for frame in frames:
                data = b""
                for line in frame.split(b"\n"):
                    if line.startswith(b"id: "):
                        self.last_id = int(line[4:])
                    elif line.startswith(b": "):
                        self.comments.append(line[2:].decode())
                        if line.startswith(b": end "):
                            self.ended = line[6:].decode()
                    elif line.startswith(b"data: "):
                        data = line[6:]
                if data:
                    yield msgspec.json.decode(data)


class Person:
    """A user with an account; requests have the headers of a browser."""

    def __init__(self, client: httpx.AsyncClient, signed_in: Mapping[str, Any]) -> None:
        self.client = client
        self.user_id: str = signed_in["user"]["id"]
        self.email: str = signed_in["user"]["email"]
        self.login_token: str = signed_in["access_token"]
        self.client_secret = ""

    @classmethod
    async def sign_up(cls, client: httpx.AsyncClient, **profile: str) -> Self:
        """Create an account with a unique name, and fetch a client secret."""
        account = {
            "email": f"{secrets.token_hex(8)}@example.com",
            "password": PASSWORD,
            "timezone": "Europe/Berlin",
            **profile,
        }
        response = await client.post("/api/auth/sign-up", json=account)
        if response.status_code != 201:
            msg = f"sign-up answered {response.status_code}: {response.text}"
            raise AssertionError(msg)
        person = cls(client, response.json())
        await person.open_session()
        return person

    @classmethod
    async def arrive(cls, client: httpx.AsyncClient) -> Self:
        """Like `sign_up`, with a token of an external issuer, so that no password is hashed.

        The stack needs `BETTER_AUTH_SECRET` from `todochat.testing.issuer`.
        """
        number = secrets.token_hex(8)
        token = better_auth_token(
            id=number, email=f"{number}@example.com", zoneinfo="Europe/Berlin"
        )
        response = await client.post("/api/auth/exchange", json={"token": token})
        if response.status_code != 200:
            msg = f"exchange answered {response.status_code}: {response.text}"
            raise AssertionError(msg)
        person = cls(client, response.json())
        await person.open_session()
        return person

    async def open_session(self) -> None:
        """Fetch a client secret."""
        body = {"user_id": self.user_id}
        headers = {"Authorization": f"Bearer {self.login_token}"}
        response = await self.client.post("/api/chatkit/session", json=body, headers=headers)
        self.client_secret = response.json()["client_secret"]

    async def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call a public route with the login token; `path` follows `/api/{user_id}`."""
        headers = {"Authorization": f"Bearer {self.login_token}", **options.pop("headers", {})}
        url = f"/api/{self.user_id}{path}"
        return await self.client.request(method, url, headers=headers, **options)

    async def tasks(self, **params: str) -> list[dict[str, Any]]:
        """Return the person's tasks."""
        response = await self.api("GET", "/tasks", params=params)
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def chatkit(
        self,
        request_type: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a ChatKit request whose response isn't streamed."""
        body = {"type": request_type, "params": params or {}}
        return await self.client.post(
            f"/api/{self.user_id}/chat", json=body, headers=self._headers(headers or {})
        )

    @asynccontextmanager
    async def stream(
        self,
        body: Mapping[str, Any],
        *,
        path: str = "",
        resumable: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Stream]:
        """Post a body to the chat and read its stream; `path` follows `/chat`."""
        sent = self._headers({**({"X-Resumable": "1"} if resumable else {}), **(headers or {})})
        async with self.client.stream(
            "POST", f"/api/{self.user_id}/chat{path}", json=body, headers=sent
        ) as response:
            if response.status_code != 200:
                await response.aread()
            yield Stream(response)

    def say(self, text: str, thread_id: str | None = None) -> AbstractAsyncContextManager[Stream]:
        """Stream the response to a message, in a new thread or in `thread_id`."""
        return self.stream(message(text, thread_id))

    async def ask(self, text: str, thread_id: str | None = None) -> "ChatResponse":
        """Send a message and return the whole response."""
        async with self.say(text, thread_id) as stream:
            events = await stream.rest()
            return ChatResponse(stream.response.headers, events, stream.ended)

    @asynccontextmanager
    async def attach(self, run_id: str, after: int | None = None) -> AsyncIterator[Stream]:
        """Read a run's events from a cursor."""
        headers = {"X-Resumable": "1"} | ({} if after is None else {"Last-Event-ID": str(after)})
        url = f"/api/{self.user_id}/chat/runs/{run_id}/events"
        async with self.client.stream("GET", url, headers=self._headers(headers)) as response:
            if response.status_code != 200:
                await response.aread()
            yield Stream(response)

    async def chat(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call a route of the chat with the client secret; `path` follows `/chat`."""
        headers = self._headers(options.pop("headers", {}))
        url = f"/api/{self.user_id}/chat{path}"
        return await self.client.request(method, url, headers=headers, **options)

    async def attach_file(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file in one request; return ChatKit's attachment."""
        response = await self.chat("POST", "/attachments", files={"file": (name, content)})
        response.raise_for_status()
        attachment: dict[str, Any] = response.json()
        return attachment

    async def runs(self, **params: str) -> list[dict[str, Any]]:
        """Find runs, for example those of a thread."""
        response = await self.client.get(
            f"/api/{self.user_id}/chat/runs", params=params, headers=self._headers({})
        )
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def cancel(self, run_id: str) -> httpx.Response:
        """Stop a run."""
        return await self.client.post(
            f"/api/{self.user_id}/chat/runs/{run_id}/cancel", headers=self._headers({})
        )

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.client_secret}",
            "X-Timezone": "Europe/Berlin",
            "Accept-Language": "en",
            "chatkit-frame-instance-id": "frame-1",
            **headers,
        }


class ChatResponse:
    """A whole streamed response.

    Attributes:
        ended: the end marker: completed, failed or cancelled.
    """

    def __init__(
        self, headers: Mapping[str, str], events: list[dict[str, Any]], ended: str | None
    ) -> None:
        self.run_id = headers["x-run-id"]
        self.thread_id = headers["x-thread-id"]
        self.events = events
        self.ended = ended

    @property
    def deltas(self) -> list[str]:
        """The text deltas in order."""
        return [
            event["update"]["delta"]
            for event in self.events
            if event.get("update", {}).get("type") == "assistant_message.content_part.text_delta"
        ]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The completed items in order."""
        return [event["item"] for event in self.events if event["type"] == "thread.item.done"]

    @property
    def text(self) -> str:
        """The assistant's messages, joined."""
        return "\n".join(
            "".join(part["text"] for part in item["content"])
            for item in self.items
            if item["type"] == "assistant_message"
        )

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The error events."""
        return [event for event in self.events if event["type"] == "error"]


def message(
    text: str, thread_id: str | None = None, attachments: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the ChatKit request that the official client sends for a message."""
    sent: dict[str, Any] = {
        "input": {
            "content": [{"type": "input_text", "text": text}],
            "quoted_text": "",
            "attachments": list(attachments),
            "inference_options": {},
        }
    }
    if thread_id is None:
        return {"type": "threads.create", "params": sent}
    return {"type": "threads.add_user_message", "params": {**sent, "thread_id": thread_id}}
