"""Streams one fake response at start: a process's first stream builds schemas for 0.2 s.

Otherwise the first user to write or to cancel would wait for that.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx2
import structlog
from agents import Agent, RunConfig, Runner
from chatkit.agents import stream_agent_response
from chatkit.types import Page, ThreadItem, ThreadMetadata

from durable_chatkit.agent.call_scope import AssistantScope, enter_scope
from durable_chatkit.agent.model_config import open_model, select_api
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import NullJournal, PublishedEvents, RunScope
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.encoding import decode_event, encode_event
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.settings import ChatSettings
from model_client.canned_server import CannedServer
from todochat.clock import utc_now

_RUN_ID: Final = "run_warmup"
_MESSAGE: Final = {
    "type": "message",
    "id": "msg_warmup",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
_RESPONSE: Final = {
    "id": "resp_warmup",
    "object": "response",
    "created_at": 0,
    "status": "completed",
    "model": "warmup",
    "output": [_MESSAGE],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
_POSITION: Final = {"item_id": "msg_warmup", "output_index": 0, "content_index": 0}
_RESPONSES_EVENTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"type": "response.output_item.added", "output_index": 0, "item": {**_MESSAGE, "content": []}},
    {
        "type": "response.content_part.added",
        **_POSITION,
        "part": {"type": "output_text", "text": "", "annotations": []},
    },
    {"type": "response.output_text.delta", **_POSITION, "delta": "Hello", "logprobs": []},
    {"type": "response.output_text.done", **_POSITION, "text": "Hello", "logprobs": []},
    {"type": "response.completed", "response": _RESPONSE},
)
_CHUNK: Final = {"id": "warmup", "object": "chat.completion.chunk", "created": 0, "model": "warmup"}
_CHAT_EVENTS: Final[tuple[Mapping[str, Any], ...]] = (
    {**_CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]},
    {**_CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
)

log = structlog.get_logger(__name__)


class _NoItems:
    async def load_thread_items(self, *_args: Any, **_options: Any) -> Page[ThreadItem]:
        return Page()


async def warm_up(settings: ChatSettings) -> None:
    """Stream one response through everything except the network, the database and the bus.

    The agent is our own: an adopter's instructions, guardrails and tools never run for a user who
    doesn't exist.
    """
    ids = IdScope(_RUN_ID)
    scope = RunScope(
        run_id=_RUN_ID, attempt=1, ids=ids, journal=NullJournal(), published=PublishedEvents()
    )
    context = RunContext(
        thread=ThreadMetadata(id="thr_warmup", created_at=utc_now()),
        store=cast("PostgresStore", _NoItems()),
        request_context=RequestContext(user_id="warmup", ids=ids),
        scope=scope,
    )
    is_chat = select_api(settings) == "chat_completions"
    sent = _CHAT_EVENTS if is_chat else _RESPONSES_EVENTS
    numbered = ({**event, "sequence_number": number} for number, event in enumerate(sent))
    lines = [f"data: {json.dumps(event)}\n\n" for event in numbered]
    body = "".join([*lines, "data: [DONE]\n\n"] if is_chat else lines).encode()
    server = CannedServer(body)
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    try:
        async with open_model(settings, server=server, transport=transport) as configured:
            config = RunConfig(model=configured.model, tracing_disabled=True)
            with enter_scope(AssistantScope(scope)):
                result = Runner.run_streamed(
                    Agent(name="Warm-up"), "hello", context=context, run_config=config
                )
            async for event in stream_agent_response(context, result):
                decode_event(encode_event(event))  # a takeover decodes
    except Exception as error:  # noqa: BLE001 - best effort
        log.warning("worker.warm_up_failed", error=error)
    finally:
        context.close()
