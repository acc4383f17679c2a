"""Messages shown to users when a run fails; they reveal no internal details."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import openai
from agents import (
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    ModelBehaviorError,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)
from chatkit.errors import CustomStreamError, StreamError
from openai.types.responses import Response

from durable_chatkit.agent.workflow import GuardrailReportError
from durable_chatkit.errors import BudgetExceededError
from model_client.errors import (
    MAX_BODY_CHARS,
    ModelBusyError,
    ModelRejectedError,
    ModelReportedError,
    ModelServerError,
    ModelUnreachableError,
)


class EmptyAnswerError(Exception):
    """The model ended its turn without any visible output."""


class ToolServerError(Exception):
    """An agent's MCP server is unreachable."""


class Failure(msgspec.Struct, frozen=True):
    """The reason for a failed run.

    Args:
        code: code for operators, stored with the run.
        message: message for the user.
    """

    code: str
    message: str
    allow_retry: bool = True


BUSY: Final = Failure("model-busy", "The model is busy right now. Please try again in a moment.")
UNREACHABLE: Final = Failure(
    "model-unreachable", "The model can't be reached right now. Please try again in a moment."
)
REFUSED: Final = Failure(
    "model-refused",
    "The model rejected this request. If this happens again, ask the site's operator to check the "
    "model settings.",
)
FAILED: Final = Failure(
    "model-failed", "The model failed to respond. Please try again in a moment."
)
UNREADABLE: Final = Failure(
    "model-unreadable", "The model's response was cut off or couldn't be read. Please try again."
)
EMPTY: Final = Failure("model-empty", "The model didn't respond. Please try again.")
TOO_MANY_STEPS: Final = Failure(
    "too-many-steps", "This took too many steps. Please split it into smaller requests."
)
TOO_LONG: Final = Failure(
    "run-log-full", "The response was too long and has been cut off.", allow_retry=False
)
OUT_OF_MEMORY: Final = Failure(
    "bus-full",
    "The server is low on memory, so the response was stopped. Please try again in a moment.",
)
NO_TOOLS: Final = Failure(
    "tools-unreachable",
    "A service that this assistant needs can't be reached right now. Please try again in a moment.",
)
POISONED: Final = Failure("poisoned", "The response failed repeatedly. Please try again later.")
ACTION_REFUSED: Final = "action-refused"
ACTION_FAILED: Final = Failure(
    "action-failed", "Something went wrong. Please try again.", allow_retry=False
)
NO_ACTIONS: Final = Failure(ACTION_REFUSED, "This action isn't available here.", allow_retry=False)
INTERNAL: Final = Failure("internal", "Something went wrong. Please try again.")

# By the reason of a response's `incomplete_details`.
_CUT_OFF: Final = {
    "max_output_tokens": "The answer was cut off because it reached the model's length limit.",
    "content_filter": "The answer was stopped by the model's content filter.",
}

_TRIPWIRES: Final = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    GuardrailReportError,
)


def is_tripwire(error: BaseException) -> bool:
    """Return whether a guardrail has stopped the answer, which is no failure.

    The SDK's guardrails raise one of its exceptions; an export returns a report. Guardrails of the
    package `openai-guardrails` raise a class of the same form, which isn't a dependency of ours.
    """
    return isinstance(error, _TRIPWIRES) or type(error).__name__ == "GuardrailTripwireTriggered"


_AMBIGUOUS: Final = (ValueError, OSError)


def describe_failure(error: Exception) -> Failure:  # noqa: C901, PLR0911 - a table
    """Return the failure for an exception that ended the agent's stream."""
    raised_by_agent = _find_agent_failure(error)
    if raised_by_agent is not None:
        return raised_by_agent
    match error:
        case BudgetExceededError():
            return Failure(BudgetExceededError.code, error.detail, allow_retry=False)
        case ModelBusyError() | openai.RateLimitError():
            return BUSY
        case ModelUnreachableError() | openai.InternalServerError() | openai.APIConnectionError():
            return UNREACHABLE
        case ModelRejectedError() | openai.APIStatusError():
            return REFUSED
        case ModelReportedError():
            return FAILED
        case ModelServerError():
            return UNREADABLE
        case MaxTurnsExceeded():
            return TOO_MANY_STEPS
        case EmptyAnswerError():
            return EMPTY
        case ToolServerError():
            return NO_TOOLS
        # A malformed event raises a ValueError of the JSON decoder; a cut stream an OSError of the
        # transport or an error of the client.
        case openai.OpenAIError() | ModelBehaviorError() | ValueError() | OSError():
            return UNREADABLE
        case _:
            return INTERNAL


def describe_for_operator(error: Exception) -> Mapping[str, Any]:
    """Return what a model server said, for the log: its status, model and first 200 characters."""
    match error:
        case ModelServerError():
            return {"status": error.status, "model": error.model, "body": error.body}
        case openai.APIStatusError():
            body = error.response.text[:MAX_BODY_CHARS]
            return {"status": error.status_code, "body": body}
        case _:
            return {}


def describe_cut(response: Response) -> str | None:
    """Return the user's notice about an answer that the model server cut off, None for others.

    An answer with calls isn't the last one: the model gets the result of what it called.
    """
    has_call = any(item.type == "function_call" for item in response.output)
    if response.status != "incomplete" or has_call:
        return None
    details = response.incomplete_details
    return _CUT_OFF.get(str(details and details.reason), "The answer was cut off.")


def describe_empty(cut_notice: str | None) -> Failure:
    """Return the failure of an answer without any visible output.

    Args:
        cut_notice: the notice about the answer, if the model server cut it off.
    """
    return EMPTY if cut_notice is None else Failure(EMPTY.code, cut_notice)


def describe_hosted_failure(error: Exception) -> Failure:
    """Return the failure for an exception of an adopter's server.

    A ValueError or OSError is more likely from its own code than from the model's client.
    """
    failure = describe_failure(error)
    return INTERNAL if failure is UNREADABLE and isinstance(error, _AMBIGUOUS) else failure


def describe_action_failure(error: Exception, failure: Failure) -> Failure:
    """Return the failure of an action, without a retry: that would repeat the last message.

    Args:
        failure: the failure that `error` would be in a response.
    """
    match error:
        case CustomStreamError():
            code = ACTION_FAILED.code if error.allow_retry else ACTION_REFUSED
            return Failure(code, error.message, allow_retry=False)
        case ModelServerError() | openai.OpenAIError() | BudgetExceededError() | MaxTurnsExceeded():
            return msgspec.structs.replace(failure, allow_retry=False)
        case _:
            return ACTION_FAILED


def _find_agent_failure(error: BaseException | None) -> Failure | None:
    """Return the failure raised by the agent's code; the SDK wraps exceptions of tools."""
    while error is not None:
        match error:
            case CustomStreamError():
                return Failure("agent-refused", error.message, error.allow_retry)
            case StreamError():
                return Failure(error.code.value, INTERNAL.message, error.allow_retry)
            case _:
                error = error.__cause__
    return None
