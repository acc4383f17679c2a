"""Functions for the code of a turn; `durable_chatkit` exports them to authors of agents."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import msgspec
from pydantic_core import PydanticSerializationError, to_json

from durable_chatkit.agent.call_scope import current_scope
from durable_chatkit.agent.tool_replay import run_step

T = TypeVar("T")


class Turn(msgspec.Struct, frozen=True):
    """The turn that runs the current code.

    Args:
        run_id: id of its run, the same in every attempt.
        attempt: 1, or more after a takeover.
    """

    run_id: str
    user_id: str
    attempt: int


def current_turn() -> Turn | None:
    """Return the turn that runs this code, None outside of a turn."""
    current = current_scope()
    if current is None:
        return None
    scope = current.scope
    return Turn(scope.run_id, scope.user_id, scope.attempt)


def idempotency_key() -> str:
    """Return a key for the side effects of the code that runs now; send it with each change.

    It is the same when the code is repeated by a later attempt, and differs for every tool call,
    handoff, step, action and Runner call, at any depth.

    Raises:
        RuntimeError: outside of a turn.
    """
    current = current_scope()
    if current is None:
        msg = "idempotency_key() is only available inside a turn"
        raise RuntimeError(msg)
    return current.idempotency_key


async def step(name: str, work: Callable[[], Awaitable[T] | T]) -> T:
    """Run `work` once per turn and return its result; a later attempt gets the recorded result.

    For anything outside of the SDK that must not happen again or must not change: a payment, the
    time in a prompt, a random choice. The side effect of `work` happens at least once: a worker may
    die before the result is recorded, so send `idempotency_key()`.

    Steps of one name are numbered in the order in which they start; give parallel steps different names. Outside of
    a turn `work` just runs.

    Args:
        work: returns what JSON can represent; the result is what JSON keeps of it, so a tuple becomes
            a list and a dataclass a dict.

    Raises:
        TypeError: JSON can't represent the result.
        Exception: any exception of `work`.
    """

    async def run() -> Any:
        result = work()
        value = await result if inspect.isawaitable(result) else result
        try:
            return msgspec.json.decode(to_json(value))
        except PydanticSerializationError as error:
            msg = f"step {name!r} returned {type(value).__name__}, which JSON can't represent"
            raise TypeError(msg) from error

    current = current_scope()
    return cast("T", await (run() if current is None else run_step(current, name, run)))
