"""Loads the entry point: the object named by TODO_AGENT_FACTORY, `module:attribute`.

The object may be, from the least code of an adopter to the most:

- an `agents.Agent`;
- an `Assistant`, or a function (context) -> Agent that chooses the agent of each turn;
- `async def run_workflow(workflow_input)`, as Agent Builder exports it;
- a `ChatKitServer`, its class, or a factory (store, attachment_store) -> ChatKitServer;
- a factory that returns one of these, without a parameter or with an `AgentEnvironment`; it is
  called once per process.

A function is recognized by its parameters and annotations, never by calling it on trial.
"""

import inspect
import traceback
import typing
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import msgspec
from agents import Agent, Model, ModelSettings, RunContextWrapper
from chatkit.agents import AgentContext
from chatkit.server import ChatKitServer
from chatkit.store import Store
from pydantic import BaseModel

from durable_chatkit.agent.assistant import Assistant, from_workflow
from durable_chatkit.agent.entry_point import EntryKind, EntryPoint
from durable_chatkit.agent.workflow import Workflow
from durable_chatkit.settings import ChatSettings
from todochat.http.client import ServiceClient
from todochat.identity.service_tokens import Arrow
from todochat.settings import SettingsError

ACCEPTED: Final = "an Agent, an Assistant, an async run_workflow(workflow_input) or a ChatKitServer"

_ENVIRONMENT_NAMES: Final = frozenset({"environment", "env"})
_CONTEXT_NAMES: Final = frozenset({"context", "ctx", "run", "turn"})
_STORE_NAMES: Final = frozenset({"store", "data_store"})
# Modules that Agent Builder's exports import and whose package has another name.
_PACKAGES: Final = {"guardrails": "openai-guardrails", "guardrails.runtime": "openai-guardrails"}
Role = Literal["factory", "workflow", "agent-of-turn", "server-factory"]

# A workflow checks its own parameters. A server's factory gets (store, attachment_store).
_MAX_PARAMETERS: Final[dict[Role, int]] = {"factory": 1, "agent-of-turn": 1, "server-factory": 2}


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


def import_entry_point(spec: str) -> object:
    """Import the object `module:attribute`, without calling it.

    Raises:
        SettingsError: the module can't be imported, or has no such attribute.
    """
    module_name, _, attribute = spec.partition(":")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an adopter's module may raise anything
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if name and f"{module_name}.".startswith(f"{name}."):
            _refuse(spec, f"there is no module {name!r}", error)
        hint = f"; install {_PACKAGES[name]}" if name in _PACKAGES else ""
        _refuse(spec, f"importing {module_name!r} failed with {_describe(error)}{hint}", error)
    try:
        return getattr(module, attribute)
    except AttributeError:
        _refuse(spec, f"module {module_name!r} has no attribute {attribute!r}")


async def load_entry_point(spec: str, environment: AgentEnvironment) -> EntryPoint:
    """Import the object `module:attribute`, call it if it is a factory, and check the result.

    Raises:
        SettingsError: there is no such object, its factory failed, or its type isn't accepted.
    """
    found = import_entry_point(spec)
    entry_point = _recognize(spec, found)
    if entry_point is not None:
        return entry_point
    factory = typing.cast("Callable[..., Any]", found)
    required, _ = _signature_of(spec, factory)
    try:
        made = factory(*[environment] * len(required))
        made = await made if inspect.isawaitable(made) else made
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an adopter's factory may raise anything
        _refuse(spec, f"the factory failed with {_describe(error)}", error)
    if made is None:
        _refuse(spec, f"the factory returned None instead of {ACCEPTED}")
    entry_point = _recognize(spec, made)
    if entry_point is None:
        _refuse(spec, f"the factory returned another factory instead of {ACCEPTED}")
    return entry_point


def _recognize(spec: str, found: object) -> EntryPoint | None:
    """Return the entry point, None for a factory that must be called first."""
    match found:
        case Agent() | Workflow():
            found = Assistant(agent=found)
        case ChatKitServer():
            return EntryPoint(spec, "server", server=found)
        case type():
            if not issubclass(found, ChatKitServer):
                _refuse(spec, f"the class {found.__name__} is not {ACCEPTED}")
            return EntryPoint(spec, "server", server=found)
        case _:
            pass
    if isinstance(found, Assistant):
        kind: EntryKind = "assistant"
        if isinstance(found.agent, Workflow):
            kind = "workflow"
        elif isinstance(found.agent, Agent) and found == Assistant(agent=found.agent):
            kind = "agent"  # without handlers
        return EntryPoint(spec, kind, assistant=found)
    if not callable(found):
        _refuse(spec, f"an object of type {type(found).__name__} is not {ACCEPTED}")
    return _recognize_function(spec, found)


def _recognize_function(spec: str, function: Callable[..., Any]) -> EntryPoint | None:
    required, hints = _signature_of(spec, function)
    role = _find_role(function, required, hints)
    limit = _MAX_PARAMETERS.get(role)
    if limit is not None and len(required) > limit:
        names = ", ".join(parameter.name for parameter in required)
        _refuse(spec, f"the function takes ({names}), at most {limit} can be filled")
    match role:
        case "factory":
            return None
        case "workflow":
            try:
                return EntryPoint(spec, "workflow", assistant=from_workflow(function))
            except TypeError as error:
                _refuse(spec, str(error))
        case "agent-of-turn":
            return EntryPoint(spec, "assistant", assistant=Assistant(agent=function))
        case "server-factory":
            return EntryPoint(spec, "server", server=function)


def _find_role(  # noqa: PLR0911 - a table
    function: Callable[..., Any], required: list[inspect.Parameter], hints: dict[str, Any]
) -> Role:
    if not required:
        return "factory"
    first, hint = required[0].name, hints.get(required[0].name)
    is_context = _is_subclass(hint, AgentContext | RunContextWrapper)
    is_input = _is_subclass(hint, BaseModel) and not is_context
    if first in _ENVIRONMENT_NAMES or _is_subclass(hint, AgentEnvironment):
        return "factory"
    if first in _STORE_NAMES or _is_subclass(hint, Store):
        return "server-factory"
    if is_context or (first in _CONTEXT_NAMES and not is_input):
        return "agent-of-turn"
    if _is_subclass(hints.get("return"), ChatKitServer):
        return "server-factory"
    # An object may have an async __call__.
    called = (function, getattr(function, "__call__", None))  # noqa: B004
    if is_input or any(map(inspect.iscoroutinefunction, called)):
        return "workflow"
    return "factory"


def _signature_of(
    spec: str, function: Callable[..., Any]
) -> tuple[list[inspect.Parameter], dict[str, Any]]:
    """Return the parameters without a default and the resolved annotations."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        _refuse(spec, f"an object of type {type(function).__name__} is not {ACCEPTED}")
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    required = [p for p in parameters if p.default is p.empty and p.kind not in variable]
    target = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    try:
        hints = typing.get_type_hints(target)
    except Exception:  # noqa: BLE001 - an annotation may name something that exists only for type checkers
        hints = {}
    return required, hints


def _is_subclass(hint: Any, bases: Any) -> bool:
    """Return whether an annotation is a class, or a generic of a class, below `bases`."""
    origin = typing.get_origin(hint) or hint
    return isinstance(origin, type) and issubclass(origin, bases)


def _describe(error: BaseException) -> str:
    """Return an exception and the line of the adopter's code that raised it, in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and f.filename != __file__]
    if isinstance(error, SyntaxError) or not own:
        return text
    place = next((f for f in reversed(own) if "site-packages" not in f.filename), own[-1])
    return f"{text} ({Path(place.filename).name}, line {place.lineno})"


def _refuse(spec: str, reason: str, cause: BaseException | None = None) -> NoReturn:
    msg = f"setting TODO_AGENT_FACTORY: {spec}: {reason}"
    raise SettingsError(msg) from cause
