"""No value in any parameter of any public route is answered with a 5xx."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import httpx
import pytest

from hostile_input import (
    HEADER_VALUES,
    HEADERS,
    Document,
    HostileRequest,
    hostile_bodies,
)
from stack_kit import Stack
from todochat.testing.person import Person

SERVICES: Final = ("auth-session", "tasks", "chat-gateway")
REQUESTS_PER_PERSON: Final = 40  # below the limit of messages a minute
FEWEST: Final = {"auth-session": 1_000, "tasks": 1_000, "chat-gateway": 3_500}
STEP: Final = 10  # the short form sends every tenth request
# They would end the session of the requests after them.
LAST: Final = ("/api/auth/sign-out", "/api/auth/sign-out-everywhere")
MESSAGE: Final = {
    "content": [{"type": "input_text", "text": "show my tasks"}],
    "attachments": [],
    "quoted_text": None,
    "inference_options": {"model": None, "tool_choice": None},
}


def chat_bodies(thread_id: str) -> list[dict[str, Any]]:
    """Return a valid request of every kind of the ChatKit protocol, and the simple form."""
    thread = {"thread_id": thread_id}
    page = {"limit": 5, "order": "asc", "after": None}
    action = {"type": "task.toggle", "payload": {"task_id": "tsk_1", "completed": True}}
    kinds: dict[str, dict[str, Any]] = {
        "threads.create": {"input": MESSAGE},
        "threads.add_user_message": {**thread, "input": MESSAGE},
        "threads.add_client_tool_output": {**thread, "result": {"ok": True}},
        "threads.retry_after_item": {**thread, "item_id": "msg_1"},
        "threads.custom_action": {**thread, "item_id": "msg_1", "action": action},
        "threads.sync_custom_action": {**thread, "item_id": "msg_1", "action": action},
        "threads.get_by_id": thread,
        "threads.list": page,
        "items.list": {**thread, **page},
        "items.feedback": {**thread, "item_ids": ["msg_1"], "kind": "positive"},
        "threads.update": {**thread, "title": "Milk"},
        "threads.delete": {"thread_id": "thr_00000000000000000000000000"},
        "attachments.create": {"name": "a.txt", "size": 3, "mime_type": "text/plain"},
        "attachments.delete": {"attachment_id": "atc_1"},
        "input.transcribe": {"audio_base64": "AAAA", "mime_type": "audio/webm"},
    }
    bodies = [
        {"type": kind, "params": params, "metadata": {"page": "home"}}
        for kind, params in kinds.items()
    ]
    return [*bodies, {"message": "show my tasks", "conversation_id": 1}]


async def hostile_requests(service: str, person: Person, thread_id: str) -> list[HostileRequest]:
    document = (await person.client.get(f"/openapi/{service}.json")).json()
    known = {"user_id": person.user_id, "task_ref": "1"}
    requests = list(Document(document).requests(known))
    chat = f"/api/{person.user_id}/chat"
    if service == "chat-gateway":
        requests += [
            HostileRequest("POST", chat, place, value, body=hostile)
            for valid in chat_bodies(thread_id)
            for place, value, hostile in hostile_bodies(valid)
        ]
    routes = sorted({(request.method, request.path) for request in requests if request.body})
    requests += [
        HostileRequest(
            method, path, name, value.decode("latin-1"), body=b"{}", headers={name: value}
        )
        for method, path in [("GET", f"/api/{person.user_id}/tasks"), *routes][:6]
        for name in HEADERS
        for value in HEADER_VALUES
    ]
    return [request for request in requests if request.path not in LAST]


async def send(person: Person, user_id: str, request: HostileRequest, token: str) -> httpx.Response:
    """Send a request as a user other than the one it was built for; don't read the body."""
    path = request.path.replace(user_id, person.user_id)
    url = f"{person.client.base_url}{path}?{request.query}"
    headers: dict[str, Any] = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
    }
    headers |= request.headers
    async with person.client.stream(
        request.method, url, content=request.body, headers=headers
    ) as response:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            await response.aread()
        return response


async def arrivals(stack: Stack) -> AsyncGenerator[Person, None]:
    async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
        while True:
            yield await Person.arrive(client)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.slow)])
async def test_hostile_values_cause_no_server_error(stack: Stack, service: str, step: int) -> None:
    faults = []
    async with aclosing(arrivals(stack)) as people:
        first = person = await anext(people)
        thread_id = (await first.ask("hello")).thread_id
        requests = (await hostile_requests(service, first, thread_id))[::step]
        for number, request in enumerate(requests, 1):
            if number % REQUESTS_PER_PERSON == 0:
                person = await anext(people)
            token = person.client_secret if service == "chat-gateway" else person.login_token
            response = await send(person, first.user_id, request, token)
            kind = response.headers.get("content-type", "")
            is_problem = kind == "application/problem+json"
            if response.status_code >= 500 or (response.status_code >= 400) != is_problem:
                faults.append(f"{request} -> {response.status_code} {kind}")

    assert len(requests) * step >= FEWEST[service]
    assert not faults, f"{len(faults)}: " + "\n".join(faults[:40])
