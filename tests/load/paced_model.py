"""An OpenAI-compatible server that streams a given number of tokens at a steady pace."""

import asyncio
from typing import Self

import msgspec
from aiohttp import web

from todochat.testing.model_script import Call, ModelRequest
from todochat.testing.model_wires import ResponsesWriter


def token(number: int) -> str:
    """Return the `number`-th token; all differ, so a lost or doubled one is detected."""
    return f"word{number} "


class PacedModel:
    """Responds to every request of the Responses API with `tokens` tokens, `rate` a second.

    Attributes:
        tokens: may be changed for later responses, as may `rate` and `call`.
        rate: infinite for as fast as they are read.
        call: a function call that precedes each answer; the text follows its output.
        broken_off: responses whose client disconnected.
    """

    def __init__(self, tokens: int, rate: float) -> None:
        self.tokens = tokens
        self.rate = rate
        self.call: Call | None = None
        self.broken_off = 0
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def text(self) -> str:
        """The text of each response."""
        return "".join(token(number) for number in range(self.tokens))

    async def __aenter__(self) -> Self:
        self._port = await self.listen("127.0.0.1")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def listen(self, host: str, port: int = 0) -> int:
        """Start listening; return the port."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/responses", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=1024).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def _answer(self, http_request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await http_request.read())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http_request)
        request = ModelRequest(wire="responses", body=body, headers=http_request.headers)
        try:
            writer = ResponsesWriter(response, request)
            if self.call is not None and body["input"][-1].get("type") != "function_call_output":
                await writer.begin()
                await writer.call(self.call)
                await writer.finish()
            else:
                await self._say(writer)
        except ConnectionError:
            self.broken_off += 1
        return response

    async def _say(self, writer: ResponsesWriter) -> None:
        await writer.begin()
        await writer.begin_message()
        loop = asyncio.get_running_loop()
        due, interval_s = loop.time(), 1 / self.rate
        for number in range(self.tokens):
            await writer.text(token(number))
            due += interval_s
            await asyncio.sleep(due - loop.time())  # when behind its pace it only yields to others
        await writer.end_message()
        await writer.finish()
