"""The lower bound for a relay: an ASGI app that writes frames of a usual size at their pace.

Run by `bench_peers.py`. `GET /?frames=200&rate=30` streams that; there is no framework, no token,
no bus: timer, write, and nothing else.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qs

FRAME = (
    b'data: {"type":"thread.item.updated","item_id":"msg_01jdxk5q0fh0v8cwd6p6f5v0m1","update":'
    b'{"type":"assistant_message.content_part.text_delta","content_index":0,"delta":"word "}}\n\n'
)
HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream")],
}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Stream frames."""
    if scope["type"] != "http":
        return
    query = parse_qs(scope["query_string"])
    frames, interval_s = int(query[b"frames"][0]), 1 / float(query[b"rate"][0])
    await send(HEAD)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for _ in range(frames):
        await send({"type": "http.response.body", "body": FRAME, "more_body": True})
        due += interval_s
        await asyncio.sleep(due - loop.time())
    await send({"type": "http.response.body", "body": b""})
