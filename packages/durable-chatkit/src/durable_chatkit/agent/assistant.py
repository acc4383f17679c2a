"""What a factory may give instead of a bare agent: the agent, and how the rest of a chat is served.

Everything but the agent is optional. All of it runs in the worker, under the same promises as the
agent's tools: what has finished is recorded and not done again by a second attempt at the run.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from agents import Agent
from chatkit.actions import Action
from chatkit.types import UserMessageItem, WidgetItem

from durable_chatkit.agent.history import AttachmentToInput, WidgetToInput
from durable_chatkit.agent.run_context import RunContext

MAX_TITLE_CHARS: Final = 60
_ELLIPSIS: Final = "…"

# Gets the action, the widget it came from (None if the page sent it by itself) and the run. What it
# says goes through the run, as with a tool: `run.stream`, `run.stream_widget`, `run.update_widget`,
# and `durable_chatkit.agent.actions.record_action` for what the model is to know of later.
# The message of a `chatkit.errors.CustomStreamError` is what the person reads (`allow_retry`: another
# click may work); any other exception says that something went wrong. A handler asks no model:
# another run of the thread may be doing so.
ActionHandler = Callable[[Action[str, Any], WidgetItem | None, RunContext], Awaitable[None]]


def title_of(message: UserMessageItem) -> str | None:
    """Return a title for a thread that begins with `message`, None if it has no words."""
    text = " ".join(part.text for part in message.content)
    line = " ".join(text.split()).strip("#*_`>-. ")
    if not line:
        return None
    return _shorten(line[0].upper() + line[1:])


def _shorten(line: str) -> str:
    if len(line) <= MAX_TITLE_CHARS:
        return line
    head = line[: MAX_TITLE_CHARS - 1]
    at_word = head.rsplit(" ", 1)[0]
    # A cut at a word loses little in most scripts; one without spaces is cut where it is.
    kept = at_word if len(at_word) > MAX_TITLE_CHARS // 2 else head
    return kept.rstrip(" ,;:.-") + _ELLIPSIS


@dataclass(frozen=True, kw_only=True)
class Assistant:
    """An agent with handlers of its own.

    Args:
        agent: answers messages.
        handle_action: answers actions of widgets, of `threads.custom_action` and
            `threads.sync_custom_action` alike; the latter gets the sending widget as it is stored
            when the handler has returned. None refuses all actions.
        attachment_to_input: what the model gets for a file; by default its text or its image.
        widget_to_input: what the model gets for a widget in the history; by default nothing, since
            the tool's result is there already.
        finish_turn: called after the agent's last answer if a tool of the turn has asked for it with
            `run.call.finish_at_end`, also when the model failed; what it streams comes last.
        title_of: names a thread after its first message; None leaves it without a name.
    """

    agent: Agent[RunContext]
    handle_action: ActionHandler | None = None
    attachment_to_input: AttachmentToInput | None = None
    widget_to_input: WidgetToInput | None = None
    finish_turn: Callable[[RunContext], Awaitable[None]] | None = None
    title_of: Callable[[UserMessageItem], str | None] = title_of
