"""Loads the agent: the service's own, or the adopter's factory in TODO_AGENT_FACTORY.

A factory is `module:function`; the function takes an `AgentEnvironment` and returns an
`agents.Agent` whose tools get a `RunContext`, or an `Assistant`: an agent with handlers for
actions, files, widgets and titles. It is called once per worker process. Durable runs must see
every model answer and tool call, so handoffs and MCP servers are rejected.
"""

from collections.abc import Callable
from importlib import import_module
from typing import cast

import msgspec
from agents import Agent, Model, ModelSettings

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.settings import ChatSettings
from todochat.http.client import ServiceClient
from todochat.identity.service_tokens import Arrow
from todochat.settings import SettingsError


class AgentEnvironment(msgspec.Struct, frozen=True):
    """Configured parts for building an agent.

    Args:
        model: the configured model; an agent may use another one.
        model_settings: settings that suit `model`.
        service_client: takes the URL of another service and the arrow to it; returns a client that
            calls it on behalf of a run's user. It makes one attempt; retries are up to the tool.
    """

    settings: ChatSettings
    model: Model
    model_settings: ModelSettings
    service_client: Callable[[str, Arrow], ServiceClient]


AgentFactory = Callable[[AgentEnvironment], Agent[RunContext] | Assistant]


def find_factory(spec: str) -> AgentFactory:
    """Import the function `module:function`.

    Raises:
        SettingsError: the module or function doesn't exist.
    """
    module_name, _, function_name = spec.partition(":")
    try:
        return cast("AgentFactory", getattr(import_module(module_name), function_name))
    except (ImportError, AttributeError, ValueError) as error:
        msg = f"setting TODO_AGENT_FACTORY: no function {spec!r} ({error})"
        raise SettingsError(msg) from error


def load_assistant(spec: str, environment: AgentEnvironment) -> Assistant:
    """Call the factory `module:function` and check its agent.

    Raises:
        SettingsError: the function doesn't exist, or its agent is not supported.
    """
    made = find_factory(spec)(environment)
    assistant = made if isinstance(made, Assistant) else Assistant(agent=made)
    agent = assistant.agent
    if not isinstance(agent, Agent):
        msg = (
            f"setting TODO_AGENT_FACTORY: {spec} returned neither an agents.Agent nor an Assistant"
        )
        raise SettingsError(msg)
    if isinstance(agent.model, str):
        msg = f"setting TODO_AGENT_FACTORY: {spec} sets the model by name; use a Model or none"
        raise SettingsError(msg)
    if agent.handoffs or agent.mcp_servers:
        msg = f"setting TODO_AGENT_FACTORY: {spec} uses handoffs or MCP servers, which runs can't replay"
        raise SettingsError(msg)
    return assistant
