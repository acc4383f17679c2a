"""The words that end a question of the assistant, by which the next turn knows what was asked.

Nothing else is kept between turns: the question is in the history, and what it is about is in the
message before it.
"""

from enum import Enum

from offline_assistant.intents import Missing


class Prompt(Enum):
    """What was asked; its value are the last words of the question."""

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


def find_prompt(answer: str) -> Prompt | None:
    """Return what an answer of ours ends by asking."""
    text = answer.rstrip()
    return next((prompt for prompt in Prompt if text.endswith(prompt.value)), None)
