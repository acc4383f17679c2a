"""What the person reads when the model fails. The texts show nothing of what happened inside."""

from typing import Final

import msgspec
import openai
from agents import MaxTurnsExceeded, ModelBehaviorError
from chatkit.errors import CustomStreamError, StreamError

from durable_chatkit.errors import BudgetExceededError


class EmptyAnswerError(Exception):
    """The model ended its turn without having said or shown anything."""


class Failure(msgspec.Struct, frozen=True):
    """Why a run failed.

    Args:
        code: for operators; stored with the run.
        message: for the person.
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
    "The model refused this request. If that goes on, ask whoever runs this site to check its "
    "model settings.",
)
UNREADABLE: Final = Failure(
    "model-unreadable", "The model's answer broke off or couldn't be read. Please try again."
)
EMPTY: Final = Failure("model-empty", "The model gave no answer. Please try again.")
TOO_MANY_STEPS: Final = Failure(
    "too-many-steps", "This took more steps than are allowed. Please try it in smaller parts."
)
TOO_LONG: Final = Failure(
    "run-log-full", "The answer got too long and was cut off.", allow_retry=False
)
OUT_OF_MEMORY: Final = Failure(
    "bus-full",
    "The server is short of memory, so the answer was stopped. Please try again in a moment.",
)
POISONED: Final = Failure(
    "poisoned", "Something went wrong again and again while answering. Please try again later."
)
ACTION_REFUSED: Final = "action-refused"
ACTION_FAILED: Final = Failure(
    "action-failed", "Something went wrong. Please try again.", allow_retry=False
)
NO_ACTIONS: Final = Failure(ACTION_REFUSED, "This action isn't available here.", allow_retry=False)
INTERNAL: Final = Failure("internal", "Something went wrong while answering. Please try again.")


def describe_failure(error: Exception) -> Failure:  # noqa: PLR0911 - a table
    """Return what to tell of an exception that ended the agent's stream."""
    said = _said_by_agent(error)
    if said is not None:
        return said
    match error:
        case BudgetExceededError():
            return Failure(BudgetExceededError.code, error.detail, allow_retry=False)
        case openai.RateLimitError():
            return BUSY
        case openai.InternalServerError() | openai.APIConnectionError():
            return UNREACHABLE
        case openai.APIStatusError():
            return REFUSED
        case MaxTurnsExceeded():
            return TOO_MANY_STEPS
        case EmptyAnswerError():
            return EMPTY
        # A malformed event is a ValueError of the JSON decoder, a cut stream an OSError of the
        # transport or an error of the client.
        case openai.OpenAIError() | ModelBehaviorError() | ValueError() | OSError():
            return UNREADABLE
        case _:
            return INTERNAL


def _said_by_agent(error: BaseException | None) -> Failure | None:
    """Return what an agent's own code wants told; the SDK wraps what a tool raises."""
    while error is not None:
        match error:
            case CustomStreamError():
                return Failure("agent-refused", error.message, error.allow_retry)
            case StreamError():
                return Failure(error.code.value, INTERNAL.message, error.allow_retry)
            case _:
                error = error.__cause__
    return None
