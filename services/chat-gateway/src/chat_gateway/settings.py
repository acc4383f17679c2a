"""Settings of chat-gateway."""

from typing import Annotated

import msgspec
from msgspec import Meta

from todochat.settings import ServiceSettings, env_name


class ChatGatewaySettings(
    ServiceSettings, frozen=True, kw_only=True, rename=env_name("CHAT_GATEWAY")
):
    """What chat-gateway reads beside the settings every service has."""

    host: Annotated[str, Meta(description="Address the gateway listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port the gateway listens on.")] = 8004
    todo_agent_url: Annotated[
        str, Meta(min_length=1, description="Where todo-agent's internal api is.")
    ] = msgspec.field(name="TODO_AGENT_URL", default="http://127.0.0.1:8003")
    agent_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds todo-agent gets to accept or answer one request.")
    ] = 10.0
    body_limit_bytes: Annotated[
        int, Meta(gt=0, description="Longest request body in bytes; a longer one is answered 413.")
    ] = 256 * 1024
    turns_per_minute: Annotated[
        int, Meta(gt=0, description="Messages and actions with a streamed answer, per user.")
    ] = 60
    requests_per_minute: Annotated[int, Meta(gt=0, description="All other requests, per user.")] = (
        300
    )
    streams_per_user: Annotated[
        int, Meta(gt=0, description="Streams one user may have open, over all gateways.")
    ] = 20
    slow_viewer_s: Annotated[
        float, Meta(gt=0, description="Seconds after which a viewer that takes nothing is closed.")
    ] = 30.0
    abandon_grace_s: Annotated[
        float,
        Meta(
            gt=0,
            description=(
                "Seconds without a viewer after which a run is cancelled; only if no viewer ever "
                "sent `X-Resumable: 1` or attached, and the last one's client closed the stream."
            ),
        ),
    ] = msgspec.field(name="ABANDON_GRACE_S", default=30.0)
