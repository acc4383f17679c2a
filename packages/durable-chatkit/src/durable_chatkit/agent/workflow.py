"""An exported workflow: `async def run_workflow(workflow_input)`, as Agent Builder writes it.

The export builds its own `conversation_history` from `workflow_input.input_as_text` and runs its
agents with `Runner.run`, one after another or side by side. It returns a dictionary such as
`{"output_text": ...}`, the report of a failed guardrail, or nothing. An export knows only the latest
message, since Agent Builder's server passed the history: here a run that starts with the user's
message gets the thread's earlier turns before it.
"""

import inspect
import json
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from agents import RunResult, RunResultStreaming, TResponseInputItem
from pydantic import BaseModel

from durable_chatkit.agent.rendered_output import is_json_document
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.turn_api import step

INPUT_FIELD: Final = "input_as_text"
STATE: Final = "state"
STATE_STEP: Final = "workflow-state"
# Parameters and fields that receive the earlier turns as model input.
HISTORY_NAMES: Final = frozenset({"conversation_history", "history", "chat_history", "messages"})
KNOWN_NAMES: Final = frozenset(
    {INPUT_FIELD, STATE, "user_id", "thread_id", "locale", "timezone", *HISTORY_NAMES}
)
# Keys under which workflows return their answer, in order of preference.
_TEXT_KEYS: Final = ("output_text", "output", "answer", "response", "text", "message", "content")

ModelInput = list[TResponseInputItem]
WorkflowFunction = Callable[..., Awaitable[Any]]
WorkflowFields = Callable[[RunContext], Mapping[str, Any]]


class WorkflowInput(BaseModel):
    """The input of a function whose parameter has no annotation."""

    input_as_text: str


class GuardrailReportError(Exception):
    """A workflow returned the report of a failed guardrail instead of an answer."""


class Workflow:
    """Calls an exported function once per turn.

    Args:
        function: `async def run_workflow(workflow_input)`. It may also take the earlier turns
            (`conversation_history`) and the state that it returned in the turn before (`state`).
        history: whether a run that starts with the user's message gets the earlier turns.
        fields: returns values of further fields of the workflow's input.

    Raises:
        TypeError: the function isn't async, or has a parameter or field that nothing can fill.
    """

    def __init__(
        self,
        function: WorkflowFunction,
        *,
        history: bool = True,
        fields: WorkflowFields | None = None,
    ) -> None:
        self._function = function
        self._history = history
        self._fields = fields
        parameters = list(inspect.signature(function).parameters.values())
        if not inspect.iscoroutinefunction(inspect.unwrap(function)) or not parameters:
            msg = "a workflow must be an async function of its input"
            raise TypeError(msg)
        self._others = [p.name for p in parameters[1:] if p.name in KNOWN_NAMES]
        self._takes_state = STATE in self._others
        self._input_type = _input_type_of(function, parameters[0].name)
        required = {p.name for p in parameters[1:] if p.default is p.empty}
        unknown = required - KNOWN_NAMES
        if isinstance(self._input_type, type) and issubclass(self._input_type, BaseModel):
            model_fields = self._input_type.model_fields
            self._takes_state = self._takes_state or STATE in model_fields
            if fields is None:
                unknown |= {n for n, f in model_fields.items() if f.is_required()} - KNOWN_NAMES
        if unknown:
            msg = f"the workflow needs {', '.join(sorted(unknown))}; use from_workflow(..., fields=...)"
            raise TypeError(msg)

    async def call(self, run: RunContext, items: ModelInput) -> Any:
        """Call the function for a turn; return its result.

        Args:
            items: the thread as model input, with the user's message last.
        """
        text = message_text(run, items)
        earlier = earlier_turns(items, text)
        stored = run.thread.metadata.get(STATE) or {}
        # A later attempt may find the state for the next turn in the thread.
        state = await step(STATE_STEP, lambda: stored) if self._takes_state else stored
        known: dict[str, Any] = {
            INPUT_FIELD: text,
            STATE: state,
            "user_id": run.user_id,
            "thread_id": run.thread.id,
            "locale": run.request_context.locale,
            "timezone": run.request_context.timezone,
            **dict.fromkeys(HISTORY_NAMES, earlier),
        }
        kind = self._input_type
        further = self._fields(run) if self._fields is not None and kind is not str else {}
        given: Any
        if kind is str:
            given = text
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            values = {name: known[name] for name in kind.model_fields if name in known}
            given = kind.model_validate({**values, **further})
        else:
            given = {INPUT_FIELD: text, **further}
        return await self._function(given, **{name: known[name] for name in self._others})

    def with_history(
        self, run: RunContext, given: str | ModelInput, items: ModelInput
    ) -> str | ModelInput:
        """Return the input of one of the workflow's runs, with the thread instead of its message.

        Only input that starts with the user's message is changed. A message that the workflow has
        rewritten, for example to mask personal data, stays without history.
        """
        if not self._history or not items:
            return given
        text = message_text(run, items)
        if isinstance(given, str):
            return items if given == text else given
        if not given or not text or _user_text(given[0]) != text:
            return given
        return [*items, *given[1:]]


def message_text(run: RunContext, items: ModelInput) -> str:
    """Return the text of the run's message.

    A run without one, such as the answer to a form, continues the turn of the last message.
    """
    if run.message is not None:
        return "".join(part.text for part in run.message.content)
    return next((text for item in reversed(items) if (text := _user_text(item))), "")


def earlier_turns(items: ModelInput, text: str) -> ModelInput:
    """Return the items before the last message of this text."""
    for index in range(len(items) - 1, -1, -1):
        if _user_text(items[index]) == text:
            return items[:index]
    return items


def take_state(result: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return a workflow's result without its state, and the state for the next turn, if any."""
    if not isinstance(result, Mapping) or not isinstance(result.get(STATE), dict):
        return result, None
    rest = {key: value for key, value in result.items() if key != STATE}
    return rest or None, result[STATE]


def answer_of(result: Any) -> Any:
    """Return the answer in a workflow's result: a text, or a structured value to be rendered.

    None means that the result has no answer, so the text of the last agent is the answer.

    Raises:
        GuardrailReportError: the result is the report of a failed guardrail.
    """
    if isinstance(result, RunResult | RunResultStreaming):
        result = result.final_output
    if isinstance(result, str):
        return _parsed(result) or None
    if not isinstance(result, Mapping):
        return result
    # The `fail_output` that an export's guardrail node returns: a summary, or its checks alone.
    is_summary = result.get("failed") is True and "failures" in result
    are_checks = [isinstance(each, Mapping) and "failed" in each for each in result.values()]
    if is_summary or (are_checks and all(are_checks)):
        raise GuardrailReportError
    if result.get("output_parsed") is not None:
        return result["output_parsed"]
    for key in _TEXT_KEYS:
        if isinstance(result.get(key), str):
            return _parsed(result[key]) or None
    return dict(result) or None


def _parsed(text: str) -> Any:
    """Return the value of a JSON document, because viewers never see JSON; other text unchanged."""
    if not is_json_document(text):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _input_type_of(function: WorkflowFunction, parameter: str) -> Any:
    try:
        hint = typing.get_type_hints(inspect.unwrap(function)).get(parameter, WorkflowInput)
    except Exception:  # noqa: BLE001 - an annotation may name something that doesn't exist at run time
        return WorkflowInput
    return WorkflowInput if hint is Any else hint


def _user_text(item: Any) -> str | None:
    """Return the text of a user's message in model input, None for any other item."""
    if not isinstance(item, Mapping) or item.get("role") != "user":
        return None
    content = item.get("content")
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        content = "".join(str(p.get("text", "")) for p in parts if p.get("type") == "input_text")
    return str(content)
