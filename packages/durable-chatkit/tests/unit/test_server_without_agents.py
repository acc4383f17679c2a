"""The API's import of openai-chatkit's server, without the Agents SDK."""

import subprocess
import sys

_PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from durable_chatkit.server_without_agents import import_server_without_agents
import_server_without_agents()
from chatkit.server import ChatKitServer
from chatkit.types import ProgressUpdateEvent, ThreadMetadata
from durable_chatkit.chatkit.private_api import process_events

class Server(ChatKitServer):
    async def respond(self, thread, input_user_message, context):
        yield

async def stream():
    yield ProgressUpdateEvent(text="working")

async def read():
    thread = ThreadMetadata(id="thr_1", created_at=datetime.now(UTC))
    return [event.type async for event in process_events(Server(None), thread, {}, stream)]

assert asyncio.run(read()) == ["stream_options", "progress_update"]
assert not {"agents", "openai"} & sys.modules.keys()

from agents.models.openai_responses import OpenAIResponsesModel
from durable_chatkit.agent.run_context import EventQueue
"""


def test_server_streams_without_the_agents_sdk_which_can_be_imported_later() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
