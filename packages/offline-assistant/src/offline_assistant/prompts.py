"""The last words of the assistant's questions, by which the next turn recognizes them.

No other state is kept between turns: the question is in the history, and its subject in the message
before it.
"""

from enum import Enum

from offline_assistant.intents import Missing


class Prompt(Enum):
    """A question of the assistant; the value is its last words."""

    CONFIRM = "Say **yes** to go ahead, or **no** to leave everything as it is."
    OFFER = "Say **yes** to add it."
    WHICH = "Which one do you mean? Say its number."
    TITLE = "What should I add?"
    LIST_NAME = "What should the list be called?"
    WHICH_LIST = "Which list do you mean? Say its name."
    NEW_TITLE = "What should its new title be?"
    NEW_DATE = "When should it be due?"


PROMPT_FOR = {
    Missing.TITLE: Prompt.TITLE,
    Missing.LIST_NAME: Prompt.LIST_NAME,
    Missing.WHICH_LIST: Prompt.WHICH_LIST,
    Missing.WHICH_TASK: Prompt.WHICH,
    Missing.NEW_TITLE: Prompt.NEW_TITLE,
    Missing.NEW_DATE: Prompt.NEW_DATE,
}


def find_prompt(reply: str) -> Prompt | None:
    """Return the question at the end of a reply; None if it ends without one."""
    text = reply.rstrip()
    return next((prompt for prompt in Prompt if text.endswith(prompt.value)), None)
