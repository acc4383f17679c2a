"""Clients that disconnect, and clients that stall."""

import asyncio
import socket
from urllib.parse import urlsplit

from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, StartGateway, make_viewer
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.relay import Relay
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus import RunHub
from todochat.http.asgi import AsgiClient
from todochat.http.draining import Drain
from todochat.identity.revocation import RevocationSet
from todochat.testing import wait_until

CREATE = {"type": "threads.create", "params": {}}


def ended(cause: str) -> float:
    return REGISTRY.get_sample_value("todochat_streams_ended_total", {"cause": cause}) or 0.0


async def connect(browser: Browser, path: str, *, receive_buffer: int = 0) -> socket.socket:
    """Request a stream over a raw socket."""
    url = urlsplit(browser.url)
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (url.hostname, url.port))
    headers = {**browser.headers, "Host": url.netloc, "X-Resumable": "1"}
    lines = [f"GET /api/{browser.user_id}/chat{path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    await asyncio.get_running_loop().sock_sendall(client, "\r\n".join([*lines, "", ""]).encode())
    return client


async def long_run(agent: FakeAgent, frames: int, size_bytes: int) -> str:
    run_id = await agent.accept_run("usr_ann")
    writer = await agent.claim(run_id)
    filling = b"x" * size_bytes
    for _ in range(frames):
        await writer.append(b'{"type":"notice","message":"' + filling + b'"}')
    await writer.flush()
    return run_id


async def test_hundred_disconnects_during_replay_do_not_affect_other_streams(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(CHAT_GATEWAY_STREAMS_PER_USER="200")
    gateway.app.state.services.relay._ping_s = 0.1
    ann, bystander = browser_at(gateway), browser_at(gateway, "usr_bob")
    run_id = await long_run(agent, 10_000, 250)

    async def vanish_after_one_kib() -> None:
        client = await connect(ann, f"/runs/{run_id}/events")
        received = await asyncio.get_running_loop().sock_recv(client, 1024)
        while received.startswith(b"HTTP/1.1 200") and len(received) < 1024:
            received += await asyncio.get_running_loop().sock_recv(client, 1024)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        if received.startswith(b"HTTP/1.1 503"):  # the machine is too busy for all of them at once
            await vanish_after_one_kib()
        else:
            assert received.startswith(b"HTTP/1.1 200")

    async with asyncio.timeout(60), bystander.stream("POST", "", body=CREATE) as stream:
        vanishing = [asyncio.create_task(vanish_after_one_kib()) for _ in range(100)]
        while not all(client.done() for client in vanishing):
            assert await stream.next_event() == b": ping\n\n"
        await asyncio.gather(*vanishing)

        await wait_until(lambda: gateway.hub.viewers == 1)
        assert await stream.next_event() == b": ping\n\n"
        await agent.publish_texts(await agent.latest_run_id(), "still here")
        assert b"still here" in await stream.read_to_end()

    await wait_until(lambda: gateway.hub.viewers == 0)
    assert list(gateway.hub._channels) == []


async def test_stalled_client_is_disconnected(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(CHAT_GATEWAY_SLOW_VIEWER_S="0.3")
    run_id = await long_run(agent, 1_900, 4_000)
    cut_before = ended("slow")

    client = await connect(browser_at(gateway), f"/runs/{run_id}/events", receive_buffer=4096)

    await wait_until(lambda: ended("slow") == cut_before + 1, timeout_s=10)
    await wait_until(lambda: not gateway.server.server_state.connections)
    received = b""
    while chunk := await asyncio.get_running_loop().sock_recv(client, 65536):
        received += chunk
    assert len(received) < 1_900 * 4_000
    assert not received.endswith(b"0\r\n\r\n")
    client.close()
    assert gateway.hub.viewers == 0
    assert await redis.zcard("gateway:absent") == 0


class StuckClient(AsgiClient):
    """A client that reads nothing, not even a ping."""

    def __init__(self) -> None:
        self.aborted = False

    async def send(self, data: bytes) -> None:
        await asyncio.Event().wait()

    async def finish(self) -> None: ...

    async def wait_disconnected(self) -> None:
        await asyncio.Event().wait()

    def unsent_bytes(self) -> int:
        return 65_536

    def abort(self) -> None:
        self.aborted = True


async def test_client_that_reads_no_ping_is_disconnected(agent: FakeAgent, redis: Redis) -> None:
    run_id, hub, client = await agent.accept_run("usr_ann"), RunHub(redis), StuckClient()
    relay = Relay(
        hub,
        OpenStreams(),
        ViewerLeases(redis, RevocationSet(redis), 30),
        Drain(),
        slow_viewer_s=0.1,
        ping_s=0.1,
    )
    viewer = make_viewer(run_id=run_id)
    cut_before = ended("slow")
    await hub.start()

    async with asyncio.timeout(10):
        await relay.relay_run(viewer, client)

    assert ended("slow") == cut_before + 1
    assert client.aborted
    assert hub.viewers == 0
    await hub.aclose()
