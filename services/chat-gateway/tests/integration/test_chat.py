"""`POST /api/{user_id}/chat`, from both sides of the gateway."""

import json

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway
from redis.asyncio import Redis

from todochat.bus import RunWriter
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.testing import free_port, wait_until

HELLO = {"message": "hello"}
CREATE = {"type": "threads.create", "params": {"input": {"content": []}}}


async def test_simple_form_streams_exact_lines(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body={"message": "hi", "conversation_id": None}) as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, 'Grüß "dich"', ", Ann\n")

        body = await stream.read_to_end()

    assert (
        body
        == (
            'data: {"type":"text","content":"Grüß \\"dich\\""}\n\n'
            'data: {"type":"text","content":", Ann\\n"}\n\n'
            "data: [DONE]\n\n"
        ).encode()
    )
    assert stream.headers["X-Conversation-Id"] == "1"
    assert stream.headers["X-Thread-Id"] == f"thr_of_{run_id}"


async def test_failed_simple_form_sends_error_and_no_done(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body=HELLO, X_Resumable="1") as stream:
        writer = await agent.claim(await agent.latest_run_id())
        await writer.append(
            b'{"type":"error","code":"custom","message":"No model","allow_retry":true}'
        )
        await writer.end("failed")

        body = await stream.read_to_end()

    assert body == b'data: {"type":"error","message":"No model"}\n\n'


async def test_chatkit_request_gets_bare_data_frames(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        writer = await agent.claim(await agent.latest_run_id())
        await writer.append(b'{"type":"thread.created","id: 7":1}')
        await writer.append(b'{"type":"progress_update","text":"x"}')
        await writer.end("completed")

        body = await stream.read_to_end()

    assert body == (
        b'data: {"type":"thread.created","id: 7":1}\n\n'
        b'data: {"type":"progress_update","text":"x"}\n\n'
    )


async def test_resumable_client_gets_ids_and_end_marker(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        writer = await agent.claim(await agent.latest_run_id())
        await writer.append(b'{"type":"thread.created"}')
        await writer.end("completed")

        body = await stream.read_to_end()

    assert body == b'id: 1\ndata: {"type":"thread.created"}\n\nid: 2\n: end completed\n\n'


async def test_each_frame_arrives_before_the_next_is_published(
    agent: FakeAgent, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=HELLO) as stream:
        writer = await agent.claim(await agent.latest_run_id())
        for word in ("one", "two", "three"):
            await publish_text(writer, word)

            event = await stream.next_event()

            assert json.loads(event.removeprefix(b"data: "))["content"] == word
        await writer.end("completed")
        assert await stream.read_to_end() == b"data: [DONE]\n\n"


async def publish_text(writer: RunWriter, text: str) -> None:
    update = {
        "type": "assistant_message.content_part.text_delta",
        "content_index": 0,
        "delta": text,
    }
    event = {"type": "thread.item.updated", "item_id": "msg_1", "update": update}
    await writer.append(json.dumps(event).encode())


@pytest.mark.parametrize("path", ["", "/"])
async def test_trailing_slash_is_accepted(agent: FakeAgent, ann: Browser, path: str) -> None:
    async with ann.stream("POST", path, body=HELLO) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")

        assert (await stream.read_to_end()).endswith(b"data: [DONE]\n\n")


async def test_stream_has_run_headers_and_is_not_cached(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id)

        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Cache-Control"] == "no-cache"
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert stream.headers["X-Run-Id"] == run_id
        assert stream.headers["X-Conversation-Id"] == "1"
        assert "Idempotent-Replayed" not in stream.headers


async def test_json_response_says_that_the_server_has_runs(agent: FakeAgent, ann: Browser) -> None:
    body = {"type": "threads.list", "params": {}}

    async with ann.request("POST", "", body=body) as response:
        assert response.headers["X-Resumable"] == "1"


async def test_agent_gets_raw_body_and_only_forwarded_headers(
    agent: FakeAgent, ann: Browser
) -> None:
    raw = b'{ "type" : "threads.list",  "params":{} }'

    status, response = await ann.fetch_json(
        "POST",
        "",
        body=raw,
        X_Run_Id="run_mine",
        X_Timezone="Europe/Berlin",
        Accept_Language="de",
        Idempotency_Key="key-1",
        Cookie="a=b",
        X_Service_Token="x",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )

    assert (status, response) == (200, {"data": [], "has_more": False})
    (received,) = agent.received
    assert received.body == raw
    assert received.user_id == "usr_ann"
    assert received.headers["X-Run-Id"].startswith("run_")
    assert received.headers["X-Run-Id"] != "run_mine"
    assert received.headers["X-Timezone"] == "Europe/Berlin"
    assert received.headers["Accept-Language"] == "de"
    assert received.headers["Idempotency-Key"] == "key-1"
    assert received.headers["traceparent"].startswith("00-0af")
    assert not {"Cookie", "X-Service-Token"} & set(received.headers)


async def test_named_headers_reach_todo_agent_in_a_header_of_their_own(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(CHAT_GATEWAY_FORWARD_HEADERS="X-Tenant, x-plan, X-Absent")
    ann = browser_at(gateway)
    headers = {"x-tenant": "acme", "X_Plan": "pro", "X_Other": "1", "X_Client_Headers": "{}"}

    await ann.fetch_json("POST", "", body={"type": "threads.list", "params": {}}, **headers)
    async with ann.stream("POST", "", body=HELLO, **headers) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        await stream.read_to_end()

    for received in agent.received:
        forwarded = json.loads(received.headers["X-Client-Headers"])
        assert forwarded == {"x-tenant": "acme", "x-plan": "pro"}
        assert not {"X-Tenant", "X-Plan", "X-Other"} & set(received.headers)
    assert len(agent.received) == 2


async def test_no_header_is_forwarded_by_default(agent: FakeAgent, ann: Browser) -> None:
    body = {"type": "threads.list", "params": {}}
    await ann.fetch_json("POST", "", body=body, X_Client_Headers='{"x-tenant":"eve"}')

    (received,) = agent.received
    assert "X-Client-Headers" not in received.headers


async def test_forwarded_headers_over_4_kib_return_431(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_FORWARD_HEADERS="X-Tenant"))
    body = {"type": "threads.list", "params": {}}

    status, problem = await ann.fetch_json("POST", "", body=body, X_Tenant="x" * 4096)

    assert (status, problem["type"]) == (431, "urn:todochat:problem:headers-too-large")
    assert "x-tenant" in problem["detail"]
    assert agent.received == []


async def test_other_origins_may_send_forwarded_headers(
    start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(
        CHAT_GATEWAY_FORWARD_HEADERS="X-Tenant", CORS_ALLOWED_ORIGINS="https://other.example"
    )
    asked = {
        "Origin": "https://other.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-tenant",
    }

    async with browser_at(gateway).request("OPTIONS", "", **asked) as response:
        allowed = response.headers["Access-Control-Allow-Headers"]

    assert "x-tenant" in allowed.lower()


async def test_repeated_idempotency_key_watches_the_same_run(
    agent: FakeAgent, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE, Idempotency_Key="k", X_Resumable="1") as first:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        sent = await first.read_to_end()

    async with ann.stream("POST", "", body=CREATE, Idempotency_Key="k", X_Resumable="1") as again:
        assert await again.read_to_end() == sent

    assert again.headers["X-Run-Id"] == first.headers["X-Run-Id"]
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_repeated_key_with_expired_log_returns_410_with_thread_id(
    agent: FakeAgent, redis: Redis, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE, Idempotency_Key="k") as first:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "hi")
        await first.read_to_end()
    agent.runs[run_id]["status"] = "completed"
    await redis.delete(*[key async for key in redis.scan_iter("chat:*")])

    status, problem = await ann.fetch_json("POST", "", body=CREATE, Idempotency_Key="k")

    assert status == 410
    assert problem["type"] == "urn:todochat:problem:run-log-expired"
    assert problem["thread_id"] == f"thr_of_{run_id}"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "unknown-request-type"),
        (404, "thread-not-found"),
        (409, "thread-busy"),
        (422, "idempotency-key-reused"),
        (429, "too-many-runs"),
        (503, "queue-full"),
    ],
)
async def test_chat_problem_of_todo_agent_is_relayed(
    agent: FakeAgent, ann: Browser, status: int, code: str
) -> None:
    agent.fail_next(status, code, run_id="run_other", thread_id="thr_1")

    async with ann.request("POST", "", body=CREATE) as response:
        problem = await response.json(content_type="application/problem+json")

    assert response.status == problem["status"] == status
    assert problem["type"] == f"urn:todochat:problem:{code}"
    assert problem["run_id"] == "run_other"
    assert problem["instance"] == "/api/usr_ann/chat"
    assert response.headers.get("Retry-After") == ("7" if status in (429, 503) else None)


@pytest.mark.parametrize("status", [401, 403, 500, 302])
async def test_fault_between_services_returns_503_without_details(
    agent: FakeAgent, ann: Browser, status: int
) -> None:
    agent.fail_next(status, "secret-detail")

    returned, problem = await ann.fetch_json("POST", "", body=CREATE)

    assert returned == 503
    assert problem["type"] == "urn:todochat:problem:agent-failed"
    assert "secret" not in json.dumps(problem)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"x"', b"{", b'{"message":"x"} {', b'{"a":' + b"[" * 50_000],
    ids=["empty", "null", "array", "string", "open", "two", "deep"],
)
async def test_body_that_is_no_json_object_returns_400(
    agent: FakeAgent, ann: Browser, body: bytes
) -> None:
    status, problem = await ann.fetch_json("POST", "", body=body)

    assert (status, problem["type"]) == (400, "urn:todochat:problem:malformed-body")
    assert agent.received == []


@pytest.mark.parametrize("key", ["a b", "k" * 129, ""])
async def test_invalid_idempotency_key_returns_400(
    agent: FakeAgent, ann: Browser, key: str
) -> None:
    status, problem = await ann.fetch_json("POST", "", body=CREATE, Idempotency_Key=key)

    assert (status, problem["status"]) == (400, 400)
    assert agent.received == []


async def test_body_over_256_kib_returns_413(agent: FakeAgent, ann: Browser) -> None:
    frame = b'{"type":"threads.list","x":""}'
    filling = b"x" * (256 * 1024 - len(frame))
    largest = frame[:-2] + filling + frame[-2:]

    fits, _ = await ann.fetch_json("POST", "", body=largest)
    status, problem = await ann.fetch_json("POST", "", body=largest + b" ")

    assert fits == 200
    assert (status, problem["type"]) == (413, "urn:todochat:problem:payload-too-large")
    assert len(agent.received) == 1


async def test_missing_secret_returns_401(agent: FakeAgent, gateway: Gateway, ann: Browser) -> None:
    ann.headers = {}

    for method, path in [("POST", ""), ("GET", "/runs"), ("GET", "/runs/r/events")]:
        status, problem = await ann.fetch_json(method, path)
        assert (status, problem["type"]) == (401, "urn:todochat:problem:unauthorized")

    assert agent.received == []


async def test_secret_of_another_user_returns_403(agent: FakeAgent, ann: Browser) -> None:
    ann.user_id = "usr_bob"

    for method, path in [("POST", ""), ("GET", "/runs"), ("POST", "/runs/r/cancel")]:
        status, problem = await ann.fetch_json(
            method, path, body=CREATE if method == "POST" else None
        )
        assert (status, problem["type"]) == (403, "urn:todochat:problem:forbidden")

    assert agent.received == []


async def test_login_token_returns_401(
    agent: FakeAgent, ann: Browser, signing_key: SigningKey
) -> None:
    token, _ = TokenIssuer("todochat-test", signing_key).login_token("usr_ann", "ses_1", 2**31)
    ann.headers = {"Authorization": f"Bearer {token}"}

    assert (await ann.fetch_json("POST", "", body=CREATE))[0] == 401


async def test_unreachable_agent_returns_503_and_releases_stream_slot(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(TODO_AGENT_URL=f"http://127.0.0.1:{free_port()}"))

    status, problem = await ann.fetch_json("POST", "", body=CREATE)

    assert (status, problem["type"]) == (503, "urn:todochat:problem:upstream-unavailable")
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


async def test_disconnect_during_acceptance_releases_all_leases(
    agent: FakeAgent, gateway: Gateway, redis: Redis, ann: Browser
) -> None:
    async with ann.request("POST", "", body=CREATE) as response:
        response.close()

    await wait_until(lambda: gateway.hub.viewers == 0)
    await wait_until(lambda: redis.zcard("gateway:absent"))
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


async def test_allowed_origin_passes_cors(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    origin = "http://localhost:3000"
    ann = browser_at(await start_gateway(CORS_ALLOWED_ORIGINS=origin))
    requested = "authorization,content-type,chatkit-frame-instance-id,last-event-id,x-resumable"

    async with ann.request(
        "OPTIONS",
        "",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=requested,
    ) as preflight:
        allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    async with ann.stream("POST", "", body=CREATE, Origin=origin) as stream:
        exposed = stream.headers["Access-Control-Expose-Headers"]

    assert preflight.status == 204
    assert set(requested.split(",")) <= {name.strip() for name in allowed.split(",")}
    assert stream.headers["Access-Control-Allow-Origin"] == origin
    assert {"X-Run-Id", "X-Thread-Id", "X-Conversation-Id"} <= set(exposed.split(", "))
