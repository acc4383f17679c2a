"""A fake of todo-agent's internal API that follows its contract."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web
from redis.asyncio import Redis

from chat_gateway.settings import ChatGatewaySettings
from todochat.bus import RunPublisher, RunWriter, register
from todochat.bus.frames import EndStatus
from todochat.contracts.runs import AcceptedRun, AssistantView, CancelRun, CancelView, RunView
from todochat.http.problems import PROBLEM_JSON
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.ids import new_id

SERVICE_SECRET = "a-service-secret-of-at-least-32-bytes"
ISSUER = "todochat-test"


def text_delta(text: str, item_id: str = "msg_1") -> dict[str, Any]:
    update = {
        "type": "assistant_message.content_part.text_delta",
        "content_index": 0,
        "delta": text,
    }
    return {"type": "thread.item.updated", "item_id": item_id, "update": update}


def encode(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Received:
    """A request as todo-agent received it."""

    user_id: str
    body: bytes
    headers: dict[str, str]


@dataclass
class FakeAgent:
    """todo-agent's internal API, and the worker's side of the bus.

    Queued `responses` are sent before the usual ones: (status, problem or JSON, headers).
    """

    redis: Redis
    publisher: RunPublisher
    url: str = ""
    received: list[Received] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: list[tuple[str, str]] = field(default_factory=list)
    responses: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    stopped_after: list[str] = field(default_factory=list)
    interrupted_after: list[str] = field(default_factory=list)
    idempotency_keys: dict[str, str] = field(default_factory=dict)
    export_chunks: list[bytes] = field(default_factory=list)
    export_breaks: bool = False
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    revoked: dict[str, float] = field(default_factory=dict)
    tokens: ServiceTokens = field(
        default_factory=lambda: ServiceTokens.from_settings(
            ChatGatewaySettings(redis_url="", todochat_service_secret=SERVICE_SECRET),
            Arrow.GATEWAY_TO_AGENT,
            Arrow.GATEWAY_TO_AUTH,
        )
    )

    async def accept_run(self, user_id: str, *, run_id: str = "", announce: bool = True) -> str:
        run_id = run_id or new_id("run")
        view = RunView(
            run_id=run_id,
            thread_id=f"thr_of_{run_id}",
            conversation_id=len(self.runs) + 1,
            status="running",
            user_id=user_id,
            created_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
            ended_at=None,
        )
        run: dict[str, Any] = msgspec.to_builtins(view)
        self.runs[run_id] = run
        if announce:
            await register(self.redis, run_id, user_id=user_id, thread_id=run["thread_id"])
        return run_id

    async def claim(self, run_id: str, attempt: int = 1, seq_high: int = 0) -> RunWriter:
        run = self.runs[run_id]
        claimed = await self.publisher.claim(
            run_id,
            attempt,
            user_id=run["user_id"],
            thread_id=run["thread_id"],
            seq_high=seq_high,
        )
        return claimed.writer

    async def publish_texts(
        self, run_id: str, *texts: str, end: EndStatus | None = "completed"
    ) -> None:
        writer = await self.claim(run_id)
        for text in texts:
            await writer.append(encode(text_delta(text)))
        if end is not None:
            await writer.end(end)
        await writer.flush()

    async def read_revocations(self, request: web.Request) -> web.Response:
        """Respond as auth-session does."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.tokens.verify([Arrow.GATEWAY_TO_AUTH], token)
        items = [{"sid": sid, "until": until} for sid, until in self.revoked.items()]
        return web.json_response({"items": items, "next": None, "as_of": int(time.time())})

    async def latest_run_id(self) -> str:
        return list(self.runs)[-1]

    def fail_next(self, status: int, code: str, **members: Any) -> None:
        problem = {"type": f"urn:todochat:problem:{code}", "status": status, "title": code}
        headers = {"Retry-After": "7"} if status in (429, 503) else {}
        self.responses.append((status, {**problem, "detail": f"{code}.", **members}, headers))

    def _caller(self, request: web.Request) -> str:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return self.tokens.verify([Arrow.GATEWAY_TO_AGENT], token).user_id

    async def chat(self, request: web.Request) -> web.Response:
        user_id, body = self._caller(request), await request.read()
        self.received.append(Received(user_id, body, dict(request.headers)))
        if self.responses:
            status, members, headers = self.responses.pop(0)
            content_type = PROBLEM_JSON if status >= 400 else "application/json"
            return web.json_response(
                members, status=status, headers=headers, content_type=content_type
            )
        if json.loads(body).get("type") in ("threads.list", "items.list"):
            return web.json_response({"data": [], "has_more": False})
        key = request.headers.get("Idempotency-Key", "")
        replayed = key in self.idempotency_keys
        run_id = self.idempotency_keys.get(key) or await self.accept_run(
            user_id, run_id=request.headers["X-Run-Id"]
        )
        if key:
            self.idempotency_keys[key] = run_id
        run = self.runs[run_id]
        accepted = AcceptedRun(run_id, run["thread_id"], run["conversation_id"], replayed)
        return web.json_response(msgspec.to_builtins(accepted), status=202)

    async def upload(self, request: web.Request) -> web.Response:
        """Store the body unchanged, under the announced ID or a new one."""
        user_id, body = self._caller(request), await request.read()
        self.received.append(Received(user_id, body, dict(request.headers)))
        if self.responses:
            status, members, headers = self.responses.pop(0)
            return web.json_response(
                members, status=status, headers=headers, content_type=PROBLEM_JSON
            )
        announced = request.match_info.get("attachment_id")
        attachment_id = announced or f"atc_{len(self.files)}"
        self.files[user_id, attachment_id] = body
        return web.json_response({"id": attachment_id}, status=200 if announced else 201)

    async def read_file(self, request: web.Request) -> web.Response:
        content = self.files.get((self._caller(request), request.match_info["attachment_id"]))
        if content is None:
            return _not_found()
        headers = {
            "Content-Type": "image/png",
            "Content-Disposition": "inline; filename*=UTF-8''a.png",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=3600",
            "Set-Cookie": "not=passed-on",
        }
        return web.Response(body=content, headers=headers)

    async def assistant(self, request: web.Request) -> web.Response:
        self._caller(request)
        return web.json_response(msgspec.to_builtins(AssistantView(offline=True, dictation=False)))

    async def search(self, request: web.Request) -> web.Response:
        found = {"user": self._caller(request), **request.query}
        return web.json_response({"items": [found], "next_cursor": None})

    async def search_threads(self, request: web.Request) -> web.Response:
        found = {"thread_of": self._caller(request), **request.query}
        return web.json_response({"items": [found], "next_cursor": None})

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream `export_chunks`; then cut the connection if `export_breaks`."""
        self._caller(request)
        if self.responses:
            status, members, headers = self.responses.pop(0)
            return web.json_response(
                members, status=status, headers=headers, content_type=PROBLEM_JSON
            )
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for chunk in self.export_chunks:
            await response.write(chunk)
        if self.export_breaks and request.transport is not None:
            request.transport.abort()
        return response

    async def get_run(self, request: web.Request) -> web.Response:
        run = self.runs.get(request.match_info["run_id"])
        if run is None or run["user_id"] != self._caller(request):
            return _not_found()
        return web.json_response(run)

    async def find_runs(self, request: web.Request) -> web.Response:
        user_id, thread_id = self._caller(request), request.query["thread_id"]
        assert request.query["status"] == "active"
        found = [
            run
            for run in self.runs.values()
            if run["user_id"] == user_id and run["thread_id"] == thread_id
        ]
        return web.json_response(
            {
                "items": found,
                "stopped_after": self.stopped_after,
                "interrupted_after": self.interrupted_after,
            }
        )

    async def cancel(self, request: web.Request) -> web.Response:
        run = self.runs.get(request.match_info["run_id"])
        if run is None or run["user_id"] != self._caller(request):
            return _not_found()
        cancel = msgspec.json.decode(await request.read(), type=CancelRun)
        self.cancelled.append((run["run_id"], cancel.reason))
        return web.json_response(msgspec.to_builtins(CancelView(run["status"])), status=202)


def _not_found() -> web.Response:
    problem = {"type": "urn:todochat:problem:not-found", "title": "Not found", "status": 404}
    return web.json_response({**problem, "detail": "-"}, status=404, content_type=PROBLEM_JSON)


MakeSecret = Callable[..., str]
