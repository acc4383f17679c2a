"""Uploads and downloads through the gateway."""

import asyncio
import io
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from agent_kit import SERVICE_SECRET, FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway
from redis.asyncio import Redis

from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams import keys
from todochat.contracts.uploads import LINK_STEP_S, LINK_TTL_S, MAX_UPLOAD_BYTES, LinkSigner
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.testing import sample_files, wait_until

MULTIPART = "multipart/form-data; boundary=b"
FORM = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--b--\r\n'


@pytest.fixture
def signer() -> LinkSigner:
    settings = ChatGatewaySettings(redis_url="", todochat_service_secret=SERVICE_SECRET)
    tokens = ServiceTokens.from_settings(settings, Arrow.GATEWAY_TO_AGENT)
    return LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT))


async def status_of_link(browser: Browser, query: str, attachment_id: str = "atc_1") -> int:
    """Follow a link without a secret, as an `<img>` does."""
    browser.headers = {}
    async with browser.request("GET", f"/attachments/{attachment_id}/content?{query}") as response:
        return response.status


async def test_form_is_relayed_unchanged(agent: FakeAgent, ann: Browser) -> None:
    status, attachment = await ann.fetch_json(
        "POST", "/attachments", body=FORM, content_type=MULTIPART, cookie="a=b", x_run_id="run_x"
    )

    (received,) = agent.received
    assert (status, attachment) == (201, {"id": "atc_0"})
    assert (received.user_id, received.body) == ("usr_ann", FORM)
    assert received.headers["Content-Type"] == MULTIPART
    assert {"Cookie", "X-Run-Id"}.isdisjoint(received.headers)


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_upload_goes_to_announced_attachment(
    agent: FakeAgent, ann: Browser, method: str
) -> None:
    status, _ = await ann.fetch_json(
        method, "/attachments/atc_7/content", body=sample_files.PNG, content_type="image/png"
    )

    assert status == 200
    assert agent.files == {("usr_ann", "atc_7"): sample_files.PNG}


async def test_upload_of_maximum_size_is_accepted(
    agent: FakeAgent, ann: Browser, session: aiohttp.ClientSession
) -> None:
    body = b"x" * MAX_UPLOAD_BYTES

    async with session.post(
        f"{ann.url}/api/usr_ann/chat/attachments", data=io.BytesIO(body), headers=ann.headers
    ) as response:
        status = response.status

    assert status == 201
    assert list(agent.files.values()) == [body]


@pytest.mark.parametrize("is_announced", [True, False])
async def test_larger_upload_returns_413_with_or_without_content_length(
    agent: FakeAgent, ann: Browser, is_announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_UPLOAD_BYTES // 65536 + 1):
            yield b"x" * 65536

    data = io.BytesIO(b"x" * (MAX_UPLOAD_BYTES + 1)) if is_announced else chunks()

    # Connections are kept alive, as browsers and Caddy do: if the client requests `close`, uvicorn
    # closes the connection with the rest of the body unread, and the response may get lost.
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session,
        session.post(
            f"{ann.url}/api/usr_ann/chat/attachments", data=data, headers=ann.headers
        ) as response,
    ):
        status = response.status

    assert status == 413
    assert agent.files == {}


async def test_chat_body_keeps_its_smaller_limit(agent: FakeAgent, ann: Browser) -> None:
    status, _ = await ann.fetch_json("POST", "", body=b'{"type": "' + b"x" * 256 * 1024 + b'"}')

    assert status == 413


async def test_upload_problem_of_todo_agent_is_relayed(agent: FakeAgent, ann: Browser) -> None:
    agent.fail_next(422, "unsupported-file")

    status, problem = await ann.fetch_json(
        "POST", "/attachments", body=FORM, content_type=MULTIPART
    )

    assert (status, problem["type"]) == (422, "urn:todochat:problem:unsupported-file")


async def test_download_has_protective_headers(agent: FakeAgent, ann: Browser) -> None:
    agent.files["usr_ann", "atc_1"] = sample_files.PNG

    async with ann.request("GET", "/attachments/atc_1/content") as response:
        content, headers = await response.read(), response.headers

    assert content == sample_files.PNG
    assert headers.getall("Content-Type") == ["image/png"]
    assert headers.getall("X-Content-Type-Options") == ["nosniff"]
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("inline")
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/attachments"),
        ("POST", "/attachments/atc_1/content"),
        ("PUT", "/attachments/atc_1/content"),
        ("GET", "/attachments/atc_1/content"),
    ],
)
async def test_attachments_refuse_other_users_and_missing_secret(
    agent: FakeAgent, ann: Browser, bob: Browser, method: str, path: str
) -> None:
    agent.files["usr_ann", "atc_1"] = b"hers"
    body = FORM if method != "GET" else None
    missing, _ = await bob.fetch_json("GET", "/attachments/atc_1/content")
    bob.user_id = "usr_ann"

    other_user, _ = await bob.fetch_json(method, path, body=body, content_type=MULTIPART)
    ann.headers = {}
    anonymous, _ = await ann.fetch_json(method, path, body=body, content_type=MULTIPART)

    assert (missing, other_user, anonymous) == (404, 403, 401)
    assert agent.files == {("usr_ann", "atc_1"): b"hers"}


@pytest.mark.parametrize("attachment_id", ["..%2Fruns", "a%20b", "x" * 65])
async def test_invalid_attachment_id_returns_404(
    agent: FakeAgent, ann: Browser, attachment_id: str
) -> None:
    status, _ = await ann.fetch_json("GET", f"/attachments/{attachment_id}/content")

    assert status == 404


async def test_signed_link_opens_file_without_secret(
    agent: FakeAgent, ann: Browser, signer: LinkSigner
) -> None:
    agent.files["usr_ann", "atc_1"] = sample_files.PNG

    assert await status_of_link(ann, signer.query("usr_ann", "atc_1")) == 200


async def test_invalid_or_expired_link_returns_401(
    agent: FakeAgent, ann: Browser, signer: LinkSigner
) -> None:
    for user_id, attachment_id in (
        ("usr_ann", "atc_1"),
        ("usr_ann", "atc_2"),
        ("usr_bob", "atc_1"),
    ):
        agent.files[user_id, attachment_id] = sample_files.PNG
    query = signer.query("usr_ann", "atc_1")
    old = signer.query("usr_ann", "atc_1", time.time() - LINK_TTL_S - LINK_STEP_S)
    later = query.replace("expires=", "expires=9")

    others = [
        await status_of_link(ann, query, "atc_2"),
        await status_of_link(ann, signer.query("usr_bob", "atc_1")),
        await status_of_link(ann, LinkSigner([b"another key"]).query("usr_ann", "atc_1")),
        await status_of_link(ann, old),
        await status_of_link(ann, later),
        await status_of_link(ann, "signature=&expires=x"),
    ]

    assert others == [401] * 6


async def test_signed_link_does_not_allow_upload(
    agent: FakeAgent, ann: Browser, signer: LinkSigner
) -> None:
    ann.headers = {}
    path = f"/attachments/atc_1/content?{signer.query('usr_ann', 'atc_1')}"

    status, _ = await ann.fetch_json("PUT", path, body=b"mine now", content_type="text/plain")

    assert (status, agent.files) == (401, {})


async def test_interrupted_upload_is_not_stored(
    agent: FakeAgent, gateway: Gateway, ann: Browser
) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    _reader, writer = await asyncio.open_connection(host, int(port))
    secret = ann.headers["Authorization"]
    writer.write(
        f"POST /api/usr_ann/chat/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: {secret}\r\n"
        "Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf".encode()
    )
    await writer.drain()

    writer.close()
    await writer.wait_closed()
    ok, _ = await ann.fetch_json("POST", "/attachments", body=b"whole", content_type="text/plain")

    assert ok == 201
    assert list(agent.files.values()) == [b"whole"]


async def test_upload_holds_a_stream_slot_and_releases_it(
    agent: FakeAgent,
    start_gateway: StartGateway,
    browser_at: BrowserAt,
    session: aiohttp.ClientSession,
    redis: Redis,
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_STREAMS_PER_USER="1"))
    pause = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"hal"
        await pause.wait()
        yield b"lo"

    async def upload() -> int:
        async with session.post(
            f"{ann.url}/api/usr_ann/chat/attachments", data=slowly(), headers=ann.headers
        ) as response:
            return response.status

    first = asyncio.create_task(upload())
    await wait_until(lambda: redis.zcard(keys.streams("usr_ann")))
    second, problem = await ann.fetch_json("POST", "/attachments", body=b"x")
    pause.set()

    assert (second, problem["type"]) == (429, "urn:todochat:problem:too-many-streams")
    assert await first == 201
    assert (await ann.fetch_json("POST", "/attachments", body=b"x"))[0] == 201


async def test_upload_returns_503_while_todo_agent_is_unreachable(
    start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(TODO_AGENT_URL="http://127.0.0.1:1"))

    status, problem = await ann.fetch_json(
        "POST", "/attachments", body=FORM, content_type=MULTIPART
    )

    assert (status, problem["type"]) == (503, "urn:todochat:problem:upstream-unavailable")
