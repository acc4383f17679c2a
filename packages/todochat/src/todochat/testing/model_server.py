"""A scripted OpenAI-compatible server over real HTTP: Responses and Chat Completions.

```python
async with ScriptedModelServer() as model:
    gate = Gate()
    model.answer(Say("Hello", gate, " you"), Call("add_task", {"title": "milk"}))
    ...  # point OPENAI_BASE_URL at model.url, send a message, read the first delta
    gate.open()
```

Each request takes the next response of the script, on either path. A request beyond the script gets
the response of `otherwise`, or else a 500: a test that causes one call too many fails.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self

import msgspec
from aiohttp import web

from todochat.testing.model_script import (
    Call,
    Disconnect,
    Draw,
    ErrorFrame,
    Gate,
    HostedCall,
    ModelRequest,
    Part,
    Raw,
    Refuse,
    Say,
    ScriptedResponse,
    Think,
    Wire,
)
from todochat.testing.model_wires import (
    ChatCompletionsWriter,
    CollectedStream,
    ResponsesWriter,
    StreamWriter,
    TokenUsage,
)
from todochat.testing.waiting import wait_until

__all__ = [
    "Call",
    "Disconnect",
    "Draw",
    "ErrorFrame",
    "Gate",
    "HostedCall",
    "ModelRequest",
    "Raw",
    "Refuse",
    "Say",
    "ScriptedModelServer",
    "ScriptedResponse",
    "Think",
]

_PATHS: Final[dict[str, Wire]] = {
    "/v1/responses": "responses",
    "/v1/chat/completions": "chat_completions",
}
_CLOSE_TIMEOUT_S: Final = 0.1  # streams that a test left open are aborted


class _StreamOverError(Exception):
    """The script ends the stream here."""


class ScriptedModelServer:
    """Responds to model requests from a script and records them.

    Attributes:
        requests: every request in the order of arrival, with its outcome.
        otherwise: returns the response to a request beyond the script; None: a 500.
        usage: the tokens each response reports; None for a server that doesn't count.
        models: names at `/v1/models`; None for a server without that path.
        hears: transcript of every recording.
        recordings: uploads to `/v1/audio/transcriptions`: file name, media type, bytes.
    """

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []
        self.otherwise: Callable[[ModelRequest], ScriptedResponse] | None = None
        self.usage: TokenUsage | None = (1, 0, 1)
        self.models: list[str] | None = None
        self.hears = ""
        self.recordings: list[tuple[str, str, bytes]] = []
        self._script: list[ScriptedResponse] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._port}/v1"

    def answer(self, *parts: Part) -> None:
        """Append one response to the script."""
        self._script.append(ScriptedResponse(parts=parts))

    def fail(self, status: int, *, retry_after: str | None = None) -> None:
        """Append an HTTP error to the script."""
        headers = {"Retry-After": retry_after} if retry_after else {}
        self._script.append(ScriptedResponse(status=status, headers=headers))

    def forget(self) -> None:
        """Clear the script and the recorded requests, for the next test."""
        self.requests.clear()
        self.recordings.clear()
        self._script.clear()
        self.otherwise = None

    @property
    def unused_answers(self) -> int:
        """Number of scripted responses without a request."""
        return len(self._script)

    async def wait_disconnected(self) -> None:
        """Wait until all connections opened so far are closed, as those of a killed process are.

        Afterwards `requests` has all that it sent.
        """
        # A connection after those: with its response, they have all been accepted.
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"GET /v1/models HTTP/1.0\r\n\r\n")
        await reader.read()
        writer.close()
        server = self._runner.server if self._runner is not None else None
        await wait_until(lambda: server is None or not server.connections)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        for path in _PATHS:
            app.router.add_post(path, self._handle)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/v1/audio/transcriptions", self._listen)
        # With cancellation a closed stream is noticed while it waits at a gate.
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=_CLOSE_TIMEOUT_S,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _list_models(self, _: web.Request) -> web.StreamResponse:
        if self.models is None:
            raise web.HTTPNotFound
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})

    async def _listen(self, http_request: web.Request) -> web.StreamResponse:
        file = (await http_request.post())["file"]
        if not isinstance(file, web.FileField):
            return web.json_response({"error": {"message": "no file"}}, status=400)
        self.recordings.append((file.filename, file.content_type, file.file.read()))
        return web.json_response({"text": self.hears})

    async def _handle(self, http_request: web.Request) -> web.StreamResponse:
        request = ModelRequest(
            wire=_PATHS[http_request.path],
            body=msgspec.json.decode(await http_request.read()),
            headers=dict(http_request.headers),
        )
        self.requests.append(request)
        if self._script:
            scripted = self._script.pop(0)
        elif self.otherwise is not None:
            scripted = self.otherwise(request)
        else:
            scripted = ScriptedResponse(status=500)
        if scripted.status >= 400:
            request.finished = True
            message = f"scripted status {scripted.status}"
            return web.json_response(
                {"error": {"message": message, "type": "scripted", "code": None}},
                status=scripted.status,
                headers=scripted.headers,
            )
        if request.body.get("stream") is not True:
            return await self._respond_at_once(scripted, request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http_request)
        try:
            await self._write(scripted, request, response)
        except (asyncio.CancelledError, ConnectionError):
            request.closed_by_client = True
            raise
        return response

    async def _respond_at_once(
        self, scripted: ScriptedResponse, request: ModelRequest
    ) -> web.StreamResponse:
        """Return the response to a request without `stream: true`: what its stream adds up to."""
        stream: Any = CollectedStream()
        try:
            await self._write(scripted, request, stream)
        except asyncio.CancelledError:
            request.closed_by_client = True
            raise
        return web.json_response(stream.as_response(request.wire))

    async def _write(
        self, scripted: ScriptedResponse, request: ModelRequest, response: web.StreamResponse
    ) -> None:
        writer: StreamWriter = (
            ResponsesWriter(response, request, self.usage)
            if request.wire == "responses"
            else ChatCompletionsWriter(response, request, self.usage)
        )
        begun = False
        try:
            for part in scripted.parts:
                # A gate before the first part delays even the head, as a slow first token does.
                if not begun and not isinstance(part, Gate):
                    await writer.begin()
                    begun = True
                await _write_part(part, writer, response)
            if not begun:
                await writer.begin()
            await writer.finish()
        except _StreamOverError:
            pass
        request.finished = True


async def _write_part(  # noqa: C901, PLR0912 - a table
    part: Part, writer: StreamWriter, response: web.StreamResponse
) -> None:
    match part:
        case Say():
            await writer.begin_message()
            for chunk in part.chunks:
                if isinstance(chunk, Gate):
                    await chunk.pass_through()
                else:
                    await writer.text(chunk)
            await writer.end_message(part.citations)
        case Think():
            await writer.think(part)
        case Refuse():
            await writer.refuse(part.text)
        case HostedCall():
            await writer.hosted_call(part)
        case Draw():
            await writer.draw(part)
        case Call():
            await writer.call(part)
        case Gate():
            await part.pass_through()
        case Raw():
            await response.write(part.data)
        case ErrorFrame():
            await writer.error(part.message)
            raise _StreamOverError
        case Disconnect():
            # Reset the connection, as a server that dies does.
            request = response._req  # noqa: SLF001 - aiohttp has no public way to the socket
            if request is not None and request.transport is not None:
                request.transport.abort()
            raise _StreamOverError
