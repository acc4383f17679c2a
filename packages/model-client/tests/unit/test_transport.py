"""Requests over real connections."""

import asyncio
import datetime as dt
import ssl
import zlib
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from model_client_kit import ask, collect, stream_of
from raw_server_kit import HEAD, Connection, RawServer, chunk, response

from model_client.errors import (
    ModelBrokenOffError,
    ModelBusyError,
    ModelRejectedError,
    ModelServerError,
    ModelUnreachableError,
)
from model_client.responses import ResponsesModel
from model_client.transport import ModelRequest, ModelServer, Timeouts
from todochat.testing.certificates import write_certificate

DELTA = b'data: {"type": "response.output_text.delta", "item_id": "m", "delta": "Hello."}\n\n'
END = b'data: {"type": "response.completed", "response": {}}\n\n'
REQUEST = ModelRequest("/responses", b"{}")
ANSWER = HEAD + chunk(DELTA + END) + b"0\r\n\r\n"
SOON = "retry-after-ms: 1"


async def ask_server(server: RawServer, **options: Any) -> list[Any]:
    async with ModelServer(server.url, "key", **options) as model_server:
        return await ask(ResponsesModel("m", model_server))


async def test_connection_is_used_again() -> None:
    async with RawServer(ANSWER, ANSWER) as server, ModelServer(server.url) as model_server:
        model = ResponsesModel("m", model_server)
        for _ in range(2):
            events = await ask(model)
            assert events[-1].response.output[0].content[0].text == "Hello."

        assert (len(server.requests), len(server.connections)) == (2, 1)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_end_of_an_answer_is_not_collected(encoding: str) -> None:
    """The window is longer than the test. Proxies may compress though the client doesn't ask."""
    head = HEAD.replace(b"\r\n\r\n", f"\r\nContent-Encoding: {encoding}\r\n\r\n".encode())
    gzip = zlib.compressobj(wbits=31)
    delta = b'data: {"type": "response.output_text.delta", "item_id": "m", "delta": "%s"}\n\n'
    done = b'data: {"type": "response.output_text.done", "item_id": "m", "text": "Hello you"}\n\n'
    part = b'data: {"type": "response.content_part.done", "part": {"text": "Hello you"}}\n\n'
    item = b'data: {"type": "response.output_item.done", "item": {"id": "m", "content": []}}\n\n'
    is_read, is_held = asyncio.Event(), asyncio.Event()
    texts: list[str] = []

    def part_of_body(data: bytes) -> bytes:
        if encoding == "gzip":
            data = gzip.compress(data) + gzip.flush(zlib.Z_SYNC_FLUSH)
        return chunk(data)

    async def answer(connection: Connection) -> None:
        await connection.write(head + part_of_body(delta % b"Hel"))
        await is_read.wait()
        await connection.write(part_of_body(delta % b"lo "))
        await is_held.wait()
        await connection.write(part_of_body(delta % b"you"))
        await connection.write(part_of_body(done + part + item + END))

    async def read(model: ResponsesModel) -> None:
        async for event in stream_of(model):
            if event.type == "response.output_text.delta":
                texts.append(event.delta)
                is_read.set()

    async with (
        RawServer(answer, response(200, b"{}")) as server,
        ModelServer(server.url) as model_server,
        asyncio.timeout(10),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(read(ResponsesModel("m", model_server, window_s=3600)))
        await is_read.wait()
        await model_server.get_json("/models")  # written later, so the delta has been read
        is_held.set()

    assert texts == ["Hel", "lo you"]


async def test_request() -> None:
    async with RawServer(ANSWER) as server:
        url = f"{server.url}/?api-version=1"
        request = ModelRequest("/responses", b"{}", query={"q": "1"})
        async with (
            ModelServer(url, "key", headers={"X-Ours": "a"}) as model_server,
            model_server.stream(request, model="m"),
        ):
            pass

        head, body = server.requests[0]
    assert head.startswith("POST /v1/responses?api-version=1&q=1 HTTP/1.1\r\n")
    assert "\r\nAuthorization: Bearer key\r\n" in head
    assert "\r\nX-Ours: a\r\n" in head
    assert body == b"{}"


async def test_no_key_sends_no_authorization() -> None:
    async with (
        RawServer(ANSWER) as server,
        ModelServer(server.url) as model_server,
        model_server.stream(REQUEST, model="m"),
    ):
        pass

    assert "authorization" not in server.requests[0][0].lower()


@pytest.mark.parametrize(
    "failure",
    [
        response(500, b"", SOON),
        response(503, b"overloaded", SOON),
        response(429, b"", SOON),
        response(408, b"", SOON),
        response(429, b"", "Retry-After: 0.001"),
    ],
)
async def test_failure_before_the_first_byte_is_retried(failure: bytes) -> None:
    async with RawServer(failure, failure, ANSWER) as server:
        events = await ask_server(server)

    assert events[-1].type == "response.completed"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (response(400, b"bad"), ModelRejectedError),
        (response(404, b"bad"), ModelRejectedError),
        (response(429, b'bad: "insufficient_quota"'), ModelBusyError),
    ],
)
async def test_lasting_failure_is_not_retried(failure: bytes, kind: type[Exception]) -> None:
    async with RawServer(failure) as server:
        with pytest.raises(ModelServerError) as raised:
            await ask_server(server)

    assert type(raised.value) is kind
    assert (raised.value.model, raised.value.body[:3]) == ("m", "bad")
    assert len(server.requests) == 1


async def test_retries_are_limited() -> None:
    failure = response(500, b"x" * 1000, SOON)
    async with RawServer(failure, failure, failure) as server:
        with pytest.raises(ModelUnreachableError) as raised:
            await ask_server(server, max_retries=2)

    assert (raised.value.status, raised.value.body) == (500, "x" * 200)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("Retry-After: 7.5", 7.5),
        ("retry-after-ms: 1500", 1.5),
        ("Retry-After: 3600", None),
        ("Retry-After: -1", None),
        ("Retry-After: soon", None),
        ("Retry-After: Mon, 30 Nov 2020 10:00:00 GMT", None),
        ("X-Other: 1", None),
    ],
)
async def test_wait_that_the_server_asks_for(header: str, wait_s: float | None) -> None:
    async with RawServer(response(429, b"", header)) as server:
        with pytest.raises(ModelBusyError) as raised:
            await ask_server(server, max_retries=0)

    assert raised.value.retry_after_s == wait_s


async def test_wait_until_a_date() -> None:
    date = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=50)
    async with RawServer(
        response(429, b"", f"Retry-After: {format_datetime(date, usegmt=True)}")
    ) as server:
        with pytest.raises(ModelBusyError) as raised:
            await ask_server(server, max_retries=0)

    assert raised.value.retry_after_s is not None
    assert 0 < raised.value.retry_after_s <= 50


async def test_refused_connection_is_unreachable() -> None:
    async with RawServer() as server:
        pass
    url = "http://127.0.0.1:1/v1"
    async with ModelServer(url, max_retries=0) as model_server:
        with pytest.raises(ModelUnreachableError):
            await ask(ResponsesModel("m", model_server))
    assert server.requests == []


async def test_disconnect_before_the_answer_is_unreachable() -> None:
    async def disconnect(connection: Connection) -> None:
        connection.reset()

    async with RawServer(disconnect) as server:
        with pytest.raises(ModelUnreachableError):
            await ask_server(server, max_retries=0)


@pytest.mark.parametrize("is_reset", [False, True])
async def test_disconnect_after_a_delta_is_not_retried(is_reset: bool) -> None:
    async def break_off(connection: Connection) -> None:
        await connection.write(HEAD + chunk(DELTA))
        if is_reset:
            await has_delta.wait()
            connection.reset()
        else:
            await connection.write(b"0\r\n\r\n")

    has_delta = asyncio.Event()

    def on_event(event: Any) -> None:
        if event.type == "response.output_text.delta":
            has_delta.set()

    async with RawServer(break_off) as server, ModelServer(server.url) as model_server:
        received = await collect(ResponsesModel("m", model_server), on_event)

    assert received.streamed() == {"m": "Hello."}
    assert type(received.error) is ModelBrokenOffError
    assert len(server.requests) == 1


async def test_disconnect_after_the_answer_is_no_error() -> None:
    async def answer(connection: Connection) -> None:
        await connection.write(HEAD + chunk(DELTA + END))
        connection.reset()

    async with RawServer(answer) as server:
        events = await ask_server(server, max_retries=0)

    assert events[-1].type == "response.completed"


async def test_server_that_keeps_the_stream_open_loses_its_connection() -> None:
    async def answer(connection: Connection) -> None:
        await connection.write(HEAD + chunk(DELTA + END))
        await connection.wait_closed()

    async with RawServer(answer) as server, ModelServer(server.url) as model_server:
        events = await ask(ResponsesModel("m", model_server))
        async with asyncio.timeout(10):
            await server.connections[0].is_closed.wait()

    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("start", [b"", HEAD])
async def test_no_first_byte_in_time_is_unreachable(start: bytes) -> None:
    async def stall(connection: Connection) -> None:
        await connection.write(start)
        await connection.wait_closed()

    async with RawServer(stall) as server:
        with pytest.raises(ModelUnreachableError, match="in time"):
            await ask_server(server, timeouts=Timeouts(first_byte_s=0.05), max_retries=0)


async def test_stalled_stream_is_broken_off() -> None:
    async def stall(connection: Connection) -> None:
        await connection.write(HEAD + chunk(DELTA))
        await connection.wait_closed()

    async with RawServer(stall) as server:
        with pytest.raises(ModelBrokenOffError, match=r"nothing for 0\.05 s"):
            await ask_server(server, timeouts=Timeouts(idle_s=0.05))


async def test_cancelled_answer_closes_its_connection() -> None:
    async def stall(connection: Connection) -> None:
        await connection.write(HEAD + chunk(DELTA))
        await connection.wait_closed()

    has_delta = asyncio.Event()
    async with RawServer(stall) as server, ModelServer(server.url) as model_server:
        model = ResponsesModel("m", model_server)
        answering = asyncio.create_task(collect(model, lambda _: has_delta.set()))
        await has_delta.wait()

        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering

        async with asyncio.timeout(10):
            await server.connections[0].is_closed.wait()


async def test_messages_of_one_read_come_together() -> None:
    async with (
        RawServer(
            HEAD + chunk(DELTA) + chunk(b": ping\n\ndata: [DONE]\n\n") + b"0\r\n\r\n"
        ) as server,
        ModelServer(server.url) as model_server,
        model_server.stream(REQUEST, model="m") as stream,
    ):
        messages = [message async for read in stream for message in read]

    assert messages[1] == (b"", "[DONE]")


async def test_proxy_and_its_credentials_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with RawServer(ANSWER) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with ModelServer("http://model.invalid/v1") as model_server:
            await ask(ResponsesModel("m", model_server))

    head = proxy.requests[0][0]
    assert head.startswith("POST http://model.invalid/v1/responses HTTP/1.1")
    assert "Proxy-Authorization: Basic YWRhOnNlY3JldA==" in head


async def test_proxy_is_not_used_for_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer() as proxy, RawServer(ANSWER) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await ask_server(server)

    assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_certificates_are_verified(tmp_path: Path) -> None:
    path = write_certificate(tmp_path)
    of_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    of_server.load_cert_chain(path)

    async with RawServer(ANSWER, tls=of_server) as server:
        with pytest.raises(ModelUnreachableError, match="Certificate"):
            await ask_server(server, max_retries=0)
        trusting = ssl.create_default_context(cafile=path)
        events = await ask_server(server, tls=trusting)

    assert events[-1].type == "response.completed"


async def test_json_of_a_path() -> None:
    async with (
        RawServer(
            response(200, b'{"data": []}'), response(200, b"?"), response(404, b"")
        ) as server,
        ModelServer(server.url) as model_server,
    ):
        assert await model_server.get_json("/models") == {"data": []}
        with pytest.raises(ModelBrokenOffError):
            await model_server.get_json("/models")
        with pytest.raises(ModelRejectedError):
            await model_server.get_json("/models")
