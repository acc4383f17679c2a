"""Which agent answers: the service's own, or the one an adopter names in TODO_AGENT_FACTORY.

A factory is `module:function`; the function takes an `AgentEnvironment` and returns an
`agents.Agent` whose tools get a `RunContext`, or an `Assistant`: an agent with handlers for
actions, files, widgets and titles. It is called once in each worker. What makes runs durable needs
to see every model answer and tool call, so handoffs and MCP servers are refused.
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
    """What an agent may be built from.

    Args:
        model: as configured; an agent may bring another one.
        model_settings: what suits that model.
        service_client: given the URL of another service and the arrow to it, returns a client that
            calls it on behalf of a run's user. It tries once: a tool knows how long it may retry.
    """

    settings: ChatSettings
    model: Model
    model_settings: ModelSettings
    service_client: Callable[[str, Arrow], ServiceClient]


AgentFactory = Callable[[AgentEnvironment], Agent[RunContext] | Assistant]


def find_factory(spec: str) -> AgentFactory:
    """Import the function that `module:function` names.

    Raises:
        SettingsError: there is none.
    """
    module_name, _, function_name = spec.partition(":")
    try:
        return cast("AgentFactory", getattr(import_module(module_name), function_name))
    except (ImportError, AttributeError, ValueError) as error:
        msg = f"setting TODO_AGENT_FACTORY: no function {spec!r} ({error})"
        raise SettingsError(msg) from error


def load_assistant(spec: str, environment: AgentEnvironment) -> Assistant:
    """Call the factory `module:function`.

    Raises:
        SettingsError: there is no such function, or its agent can't be run here.
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
        msg = f"setting TODO_AGENT_FACTORY: {spec} names its model; give it a Model or none"
        raise SettingsError(msg)
    if agent.handoffs or agent.mcp_servers:
        msg = f"setting TODO_AGENT_FACTORY: {spec} uses handoffs or MCP servers, which runs can't replay"
        raise SettingsError(msg)
    return assistant
