"""The entry point is recognized by inspecting the object; anything else is one clear line."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from agents import Agent, WebSearchTool
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore, Store
from pydantic import BaseModel

from durable_chatkit.agent.assistant import Assistant, from_workflow
from durable_chatkit.agent.entry_point import EntryPoint
from durable_chatkit.agent.factory import AgentEnvironment, load_entry_point
from durable_chatkit.agent.run_context import RunContext
from todo_agent.settings import TodoAgentSettings
from todochat.settings import SettingsError

AGENT = Agent[Any](name="Plain")
ENVIRONMENT: Any = object()


class WorkflowInput(BaseModel):
    input_as_text: str


class ConfiguredInput(BaseModel):
    input_as_text: str
    tenant: str


class OwnServer(ChatKitServer[Any]):
    async def respond(self, *_: Any) -> AsyncIterator[Any]:
        yield None


async def run_workflow(workflow_input: WorkflowInput) -> Any:
    return {"output_text": workflow_input.input_as_text}


async def run_untyped_workflow(workflow_input):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    return workflow_input


async def run_configured_workflow(workflow_input: ConfiguredInput) -> Any:
    return workflow_input


def choose_agent(context: RunContext) -> Agent[Any]:
    return AGENT


async def run_workflow_of_context(context: WorkflowInput) -> Any:
    return context.input_as_text


def make_server(store: Store[Any], attachment_store: AttachmentStore[Any]) -> ChatKitServer[Any]:
    return OwnServer(store, attachment_store)


def make_server_of_store(data_store: Any) -> OwnServer:
    return OwnServer(data_store)


def make_agent(environment: AgentEnvironment) -> Agent[Any]:
    assert environment is ENVIRONMENT
    return AGENT


async def make_assistant() -> Assistant:
    return Assistant(agent=AGENT, allow_cancel=False)


def make_workflow(env: Any) -> Any:
    return run_workflow


def make_server_class() -> type[ChatKitServer[Any]]:
    return OwnServer


def make_nothing(_environment: AgentEnvironment) -> None:
    """Forget to return the agent."""


def make_text() -> str:
    return "an agent"


def make_factory() -> Any:
    return make_agent


def make_in_vain() -> Agent[Any]:
    missing: dict[str, str] = {}
    return Agent(name=missing["AGENT_NAME"])


def take_three(one: str, two: str, three: str) -> Agent[Any]:
    return Agent(name=one + two + three)


def run_blocking_workflow(workflow_input: WorkflowInput) -> str:
    return workflow_input.input_as_text


@pytest.fixture(autouse=True)
def adopter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with everything that an adopter may name."""
    module = ModuleType("adopter")
    vars(module).update(
        {name: value for name, value in globals().items() if not name.startswith("_")},
        text="an agent",
        assistant=Assistant(agent=AGENT, title_of=lambda _: "Title"),
        wrapped_workflow=from_workflow(run_configured_workflow, fields=lambda _: {"tenant": "a"}),
        server=OwnServer(store=Any),  # type: ignore[arg-type]
    )
    monkeypatch.setitem(sys.modules, "adopter", module)
    return module


async def load(attribute: str) -> EntryPoint:
    return await load_entry_point(f"adopter:{attribute}", ENVIRONMENT)


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        ("AGENT", "agent"),
        ("make_agent", "agent"),
        ("assistant", "assistant"),
        ("make_assistant", "assistant"),
        ("choose_agent", "assistant"),
        ("run_workflow", "workflow"),
        ("run_untyped_workflow", "workflow"),
        ("run_workflow_of_context", "workflow"),
        ("wrapped_workflow", "workflow"),
        ("make_workflow", "workflow"),
        ("OwnServer", "server"),
        ("server", "server"),
        ("make_server", "server"),
        ("make_server_of_store", "server"),
        ("make_server_class", "server"),
    ],
)
async def test_entry_point_is_recognized(attribute: str, kind: str) -> None:
    entry_point = await load(attribute)

    assert entry_point.kind == kind
    assert (entry_point.assistant is None) == (kind == "server")
    assert (entry_point.server is None) == (kind != "server")


@pytest.mark.parametrize("model", [None, "gpt-x"])
def test_hosted_tools_need_the_responses_api(model: str | None) -> None:
    below = Agent[Any](name="Below", model=model, tools=[WebSearchTool()])
    front = Agent[Any](name="Front", handoffs=[below])
    entry_point = EntryPoint("adopter:front", "agent", assistant=Assistant(agent=front))
    chat = TodoAgentSettings(
        redis_url="r", database_url="d", jobs_database_url="j", openai_base_url="http://h/v1"
    )

    entry_point.check_tools(msgspec.structs.replace(chat, api="responses"))
    entry_point.check_tools(msgspec.structs.replace(chat, openai_base_url=""))
    with pytest.raises(SettingsError, match="the agent 'Below' uses WebSearchTool, which Chat"):
        entry_point.check_tools(chat)


async def test_server_is_handed_on_as_written() -> None:
    assert (await load("OwnServer")).server is OwnServer
    assert (await load("make_server")).server is make_server


async def test_entry_point_is_described_in_one_line() -> None:
    assert (await load("run_workflow")).describe() == "adopter:run_workflow is an exported workflow"


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ("missing", "module 'adopter' has no attribute 'missing'"),
        ("text", "an object of type str is not an Agent, an Assistant"),
        ("WorkflowInput", "the class WorkflowInput is not an Agent"),
        ("make_nothing", "the factory returned None instead of an Agent"),
        ("make_text", "an object of type str is not an Agent"),
        ("make_factory", "the factory returned another factory"),
        ("make_in_vain", r"the factory failed with KeyError: 'AGENT_NAME' \(test_factory.py, line"),
        ("take_three", r"the function takes \(one, two, three\), at most 1 can be filled"),
        ("run_blocking_workflow", "a workflow must be an async function"),
        ("run_configured_workflow", "the workflow needs tenant; use from_workflow"),
    ],
)
async def test_anything_else_is_rejected_in_one_line(attribute: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        await load(attribute)

    assert str(refused.value).startswith(f"setting TODO_AGENT_FACTORY: adopter:{attribute}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import no_such_package",
            r"ModuleNotFoundError: No module named 'no_such_package' \(ours",
        ),
        ("x = 1\nraise ValueError('two\\nlines')", r"ValueError: two lines \(ours.py, line 2\)"),
        ("agent = (", "SyntaxError: '\\(' was never closed"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("from guardrails.runtime import run_guardrails", ".*; install openai-guardrails"),
    ],
)
async def test_error_inside_the_adopters_module_is_named(
    source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "ours", raising=False)

    with pytest.raises(SettingsError, match="importing 'ours' failed with " + reason) as refused:
        await load_entry_point("ours:agent", ENVIRONMENT)

    assert "\n" not in str(refused.value)


async def test_missing_module_is_named() -> None:
    with pytest.raises(SettingsError, match="there is no module 'nowhere'"):
        await load_entry_point("nowhere:create", ENVIRONMENT)
