"""The model of servers with the Chat Completions API."""

import datetime as dt

import pytest
from agents import Agent, Runner
from chatkit.agents import ThreadItemConverter
from chatkit.types import AssistantMessageContent, AssistantMessageItem
from openai import AsyncOpenAI

from durable_chatkit.agent.chat_completions import CompatibleChatModel
from todochat.testing.model_server import Say, ScriptedModelServer

ANSWER = AssistantMessageItem(
    id="msg_1",
    thread_id="thr_1",
    created_at=dt.datetime(2026, 11, 30, tzinfo=dt.UTC),
    content=[AssistantMessageContent(text="A rose"), AssistantMessageContent(text=" is a rose.")],
)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_answers_as_openai_chatkit_converts_them_are_accepted(is_streamed: bool) -> None:
    history = await ThreadItemConverter().to_agent_input([ANSWER])
    async with (
        ScriptedModelServer() as server,
        AsyncOpenAI(base_url=server.url, api_key="k") as client,
    ):
        server.answer(Say("Yes."))
        agent = Agent(name="Gardener", model=CompatibleChatModel(model="m", openai_client=client))

        if is_streamed:
            result = Runner.run_streamed(agent, history)
            _ = [event async for event in result.stream_events()]
        else:
            await Runner.run(agent, history)

        assert server.requests[-1].history == [
            {"role": "assistant", "content": "A rose is a rose."}
        ]
