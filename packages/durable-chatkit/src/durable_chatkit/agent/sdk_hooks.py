"""The only module that uses private names of openai-agents: hooks that make its code durable.

It was written against `SUPPORTED_VERSION`. A test fails when another version is installed: compare
the functions named in `_HOOKS` before changing the constant. A worker also checks at its start that
the SDK calls each of them (`durable_chatkit.agent.hook_check`).

The hooks are installed once per process. Those that aren't only shortcuts do nothing outside of a
turn. They change no agent, tool or handoff, because those belong to the agent's author: the SDK compares agents by identity.
"""

import copy
import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, NamedTuple, cast

from agents import (
    Agent,
    Handoff,
    Model,
    RunConfig,
    RunContextWrapper,
    RunResult,
    RunResultStreaming,
)
from agents import run as run_module
from agents._run_state_agent_identity import _iter_agent_graph
from agents.agent_tool_state import (
    drop_agent_tool_run_result,
    get_agent_tool_state_scope,
    peek_agent_tool_run_result,
)
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from agents.run_internal import run_loop, tool_execution, tool_use_tracker, turn_resolution
from agents.sandbox import runtime_session_manager
from agents.tool import FunctionTool, _FunctionToolInvocationResult
from agents.tool_context import ToolContext
from typing_extensions import override

from durable_chatkit.agent.call_scope import (
    RunnerCall,
    current_runner_call,
    current_scope,
    enter_scope,
)
from durable_chatkit.agent.context_changes import recording_changes
from durable_chatkit.agent.model_output import describe_arguments_fault
from durable_chatkit.agent.model_replay import ReplayModel
from durable_chatkit.agent.run_context import prepare_items
from durable_chatkit.agent.run_models import FoundModel
from durable_chatkit.agent.tool_replay import (
    ToolResult,
    finish_step,
    load_step,
    publish_held,
    replay_step,
    run_tool_once,
)

# ruff: noqa: SLF001 - the purpose of this module

SUPPORTED_VERSION: Final = "0.24.0"

UNKNOWN_TOOLS_REPORTED: Final[Any] = {"tool_not_found_behavior": "return_error_to_model"}


class DurableRunner(AgentRunner):
    """The SDK's default runner: opens a scope for each Runner call of a turn."""

    @override
    async def run(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        scope = current_scope()
        if scope is None:
            return await super().run(starting_agent, input, **kwargs)
        presenter = scope.scope.presenter
        if presenter is not None and scope.is_root:

            def start(given: Any) -> RunResultStreaming:
                return self.run_streamed(starting_agent, given, **kwargs)

            # Both results have what a workflow reads: the output, new items and the last agent.
            return cast("RunResult", await presenter.present(starting_agent, input, start))
        options = _report_unknown_tools(kwargs)
        with enter_scope(scope.open_run(starting_agent.name, input)):
            return await super().run(starting_agent, input, **options)

    @override
    def run_streamed(
        self,
        starting_agent: Agent[Any],
        input: Any,
        **kwargs: Any,
    ) -> RunResultStreaming:
        scope = current_scope()
        if scope is None:
            return super().run_streamed(starting_agent, input, **kwargs)
        options = _report_unknown_tools(kwargs)
        with enter_scope(scope.open_run(starting_agent.name, input)):
            result = super().run_streamed(starting_agent, input, **options)
        if result.run_loop_task is not None:  # a stopped run cancels it
            run = scope.scope
            run.on_stop(result.cancel)
            result.run_loop_task.add_done_callback(lambda _: run.forget(result.cancel))
        prepare_items(result, kwargs.get("context"), scope.scope.ids)
        return result


def _report_unknown_tools(options: dict[str, Any]) -> Any:
    """Return a Runner call's options that report an unknown tool to the model.

    By default the SDK raises an error and drops the answer's other calls, although most models
    correct themselves.
    """
    config = options.get("run_config")
    if not isinstance(config, RunConfig):
        # As a dictionary it leaves the model provider to the SDK, which then closes it.
        config = {**UNKNOWN_TOOLS_REPORTED, **(config or {})}
    elif config.tool_not_found_behavior == "raise_error":
        config = dataclasses.replace(config, **UNKNOWN_TOOLS_REPORTED)
    return {**options, "run_config": config}


def _wrap_get_model(original: Callable[..., Model]) -> Callable[..., Model]:
    def get_model(agent: Agent[Any], run_config: RunConfig) -> Model:
        call = current_runner_call()
        if call is None:
            return original(agent, run_config)
        models = call.scope.models
        found = (
            FoundModel(original(agent, run_config))
            if models is None
            else models.find(agent, run_config)
        )
        key = (id(found.model), agent.name)
        if key not in call.models:
            call.models[key] = ReplayModel(found, call, agent.name)
        return call.models[key]

    return get_model


def _wrap_invoke_tool(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def invoke_tool(
        *, function_tool: FunctionTool, context: ToolContext[Any], arguments: str
    ) -> _FunctionToolInvocationResult:
        call = current_runner_call()

        async def invoke() -> ToolResult:
            result = await original(
                function_tool=function_tool, context=context, arguments=arguments
            )
            is_error, output = result.is_sdk_generated_error, result.output
            if is_error and call is not None:  # the SDK's sentence names no fault
                output = describe_arguments_fault(arguments) or output
            return ToolResult(output, is_error, not _is_interrupted(context))

        if call is None:
            result = await invoke()
        else:
            result = await run_tool_once(call, function_tool.name, context, arguments, invoke)
            if result.is_replayed and context.tool_call is not None:
                # Otherwise an agent that has run as a tool would still wait for its approval.
                scope_id = get_agent_tool_state_scope(context)
                drop_agent_tool_run_result(context.tool_call, scope_id=scope_id)
        return _FunctionToolInvocationResult(result.output, result.is_sdk_error)

    return invoke_tool


def _is_interrupted(context: ToolContext[Any]) -> bool:
    """Return whether an agent that ran as a tool waits for an approval; it runs again later."""
    if context.tool_call is None:
        return False
    nested = peek_agent_tool_run_result(
        context.tool_call, scope_id=get_agent_tool_state_scope(context)
    )
    return bool(getattr(nested, "interruptions", None))


def _wrap_get_handoffs(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def get_handoffs(agent: Agent[Any], context: RunContextWrapper[Any]) -> list[Any]:
        handoffs: list[Handoff[Any, Any]] = await original(agent, context)
        call = current_runner_call()
        return handoffs if call is None else [_durable_handoff(each, call) for each in handoffs]

    return get_handoffs


def _durable_handoff(handoff: Handoff[Any, Any], call: RunnerCall) -> Handoff[Any, Any]:
    """Return a handoff that is journaled; a custom one, without a known agent, runs each time."""

    async def invoke(context: RunContextWrapper[Any], arguments: str) -> Any:
        scope = call.open_handoff(handoff.tool_name)
        target = handoff._agent_ref() if handoff._agent_ref is not None else None
        step = load_step(scope)
        if step is not None and target is not None:
            await replay_step(scope, step, context.context)
            return target
        with recording_changes(scope, context.context), enter_scope(scope):
            agent = await handoff.on_invoke_handoff(context, arguments)
        if step is None:
            await finish_step(scope, agent.name)
        else:
            await publish_held(scope)
        return agent

    durable = copy.copy(handoff)
    durable.on_invoke_handoff = invoke
    return durable


def _wrap_guardrails(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    def run_input_guardrails(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        call = current_runner_call()
        running = original(*args, **kwargs)
        return running if call is None else call.track_guardrails(running)

    return run_input_guardrails


def _wrap_identity_keys(original: Callable[..., dict[int, str]]) -> Callable[..., dict[int, str]]:
    def build_agent_identity_keys_by_id(initial_agent: Agent[Any]) -> dict[int, str]:
        """Return the agents' names if they differ.

        The SDK encodes each agent with its tools as JSON, to sort those of the same name: in each
        Runner call and each of its turns.
        """
        names = {id(agent): agent.name for agent in _iter_agent_graph(initial_agent)}
        has_same = len(set(names.values())) < len(names)
        return original(initial_agent) if has_same else names

    return build_agent_identity_keys_by_id


def _distinct_by_name(tools: Sequence[Any]) -> dict[str, FunctionTool] | None:
    """Return function tools by name; None unless the name alone identifies each of them.

    The SDK computes names with namespaces, and those of tools that are loaded later, five times for
    each tool and model call.
    """
    named: dict[str, FunctionTool] = {}
    for tool in tools:
        is_plain = isinstance(tool, FunctionTool) and not tool.defer_loading
        if not is_plain or tool._tool_namespace or not tool.name:
            return None
        named[tool.name] = tool
    return named if len(named) == len(tools) else None


def _wrap_collisions(original: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_tool_name_collisions(
        tools: Sequence[Any], handoffs: Sequence[Any] = (), **options: Any
    ) -> tuple[list[Any], list[Any]]:
        named = _distinct_by_name(tools)
        names = {handoff.tool_name for handoff in handoffs}
        if named is None or len(names) < len(handoffs) or not names.isdisjoint(named):
            resolved: tuple[list[Any], list[Any]] = original(tools, handoffs, **options)
            return resolved
        return [*tools], [*handoffs]

    return resolve_tool_name_collisions


def _wrap_lookup_map(original: Callable[..., dict[Any, Any]]) -> Callable[..., dict[Any, Any]]:
    def build_function_tool_lookup_map(tools: Sequence[Any]) -> dict[Any, Any]:
        named = _distinct_by_name(tools)
        if named is None:
            return original(tools)
        return {("bare", name): tool for name, tool in named.items()}

    return build_function_tool_lookup_map


def _wrap_enabled_tools(
    original: Callable[..., Awaitable[list[FunctionTool]]],
) -> Callable[..., Awaitable[list[FunctionTool]]]:
    async def resolve_enabled_function_tools(
        agent: Agent[Any], context: RunContextWrapper[Any]
    ) -> list[FunctionTool]:
        """Return the agent's function tools; the SDK starts a task for each of them."""
        tools = [tool for tool in agent.tools if isinstance(tool, FunctionTool)]
        if all(tool.is_enabled is True for tool in tools):
            return tools
        return await original(agent, context)

    return resolve_enabled_function_tools


class Hook(NamedTuple):
    """A name in one of the SDK's modules, and its replacement."""

    module: ModuleType
    name: str
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]]

    @property
    def label(self) -> str:
        """The full name."""
        return f"{self.module.__name__}.{self.name}"

    def install(self) -> None:
        """Replace the function, once; each call of the replacement is counted."""
        original = getattr(self.module, self.name)
        if hasattr(original, "is_durable"):
            return
        replacement, label = self.wrap(original), self.label

        def counted(*args: Any, **kwargs: Any) -> Any:
            _called[label] += 1
            return replacement(*args, **kwargs)

        counted.is_durable = True  # type: ignore[attr-defined]
        setattr(self.module, self.name, counted)


_HOOKS: Final = (
    Hook(run_loop, "get_model", _wrap_get_model),
    Hook(tool_execution, "_invoke_function_tool_with_metadata", _wrap_invoke_tool),
    Hook(run_loop, "get_handoffs", _wrap_get_handoffs),
    Hook(turn_resolution, "get_handoffs", _wrap_get_handoffs),
    Hook(run_module, "run_input_guardrails", _wrap_guardrails),
    Hook(run_loop, "run_input_guardrails_with_queue", _wrap_guardrails),
    Hook(tool_use_tracker, "_build_agent_identity_keys_by_id", _wrap_identity_keys),
    Hook(runtime_session_manager, "_build_agent_identity_keys_by_id", _wrap_identity_keys),
    Hook(run_loop, "resolve_tool_name_collisions", _wrap_collisions),
    Hook(turn_resolution, "build_function_tool_lookup_map", _wrap_lookup_map),
    Hook(tool_execution, "resolve_enabled_function_tools", _wrap_enabled_tools),
)
_called: Counter[str] = Counter()


def install() -> None:
    """Install the hooks and the runner in this process, once."""
    for hook in _HOOKS:
        hook.install()
    if not isinstance(get_default_agent_runner(), DurableRunner):
        set_default_agent_runner(DurableRunner())


def uncalled_hooks(before: Mapping[str, int]) -> list[str]:
    """Return the names of the hooks that the SDK hasn't called since `hook_calls` was `before`."""
    return [hook.label for hook in _HOOKS if _called[hook.label] == before.get(hook.label, 0)]


def hook_calls() -> Mapping[str, int]:
    """Return how often the SDK has called each hook in this process."""
    return dict(_called)
