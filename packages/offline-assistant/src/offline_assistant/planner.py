"""Turns intents into the next step of a turn: calls to make, or the text of the reply.

Every step runs the plans again from their start and sends them the results of the turn's calls so far.
The first calls without results are the next step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from offline_assistant import changing, planning, showing
from offline_assistant.conversation import ConversationTurn
from offline_assistant.intents import (
    AddIntent,
    ChangeListIntent,
    ClarifyIntent,
    CompleteIntent,
    ConfirmIntent,
    CreateListIntent,
    DeleteIntent,
    DeleteListIntent,
    DiscardIntent,
    Intent,
    OfferIntent,
    PlanDayIntent,
    ReopenIntent,
    RestoreIntent,
    ShowListsIntent,
    ShowTasksIntent,
    SnoozeIntent,
    TalkIntent,
    UndoIntent,
    UpdateIntent,
)
from offline_assistant.lookup import Plan, PlanContext
from offline_assistant.tool_calls import FunctionCall, FunctionOutput

PLANS: Final[dict[type[Intent], Callable[[Any, PlanContext], Plan]]] = {
    AddIntent: changing.add_tasks,
    CompleteIntent: changing.complete_tasks,
    ReopenIntent: changing.reopen_tasks,
    DeleteIntent: changing.delete_tasks,
    UpdateIntent: changing.update_tasks,
    SnoozeIntent: changing.snooze_task,
    RestoreIntent: changing.restore_tasks,
    UndoIntent: changing.undo,
    ConfirmIntent: changing.confirm,
    DiscardIntent: changing.discard,
    CreateListIntent: changing.create_list,
    ChangeListIntent: changing.change_list,
    DeleteListIntent: changing.delete_list,
    PlanDayIntent: planning.plan_day,
    ShowTasksIntent: showing.show_tasks,
    ShowListsIntent: showing.show_lists,
    TalkIntent: showing.talk,
    ClarifyIntent: showing.ask_for_detail,
    OfferIntent: showing.offer_tasks,
}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """The model's response: calls, or else a text."""

    calls: tuple[FunctionCall, ...] = ()
    text: str = ""


def next_step(intents: Sequence[Intent], context: PlanContext, turn: ConversationTurn) -> PlanStep:
    """Return the next step of a turn, given the results of its calls so far."""
    own, earlier = list(turn.outputs), list(turn.earlier_outputs)
    texts = []
    for intent in intents:
        plan = PLANS[type(intent)](intent, context)
        try:
            calls = next(plan)
            while True:
                outputs, missing = take_outputs(calls, own, earlier)
                if missing:
                    return PlanStep(calls=tuple(missing))
                calls = plan.send(outputs)
        except StopIteration as finished:
            texts.append(str(finished.value))
    return PlanStep(text="\n\n".join(text for text in texts if text))


def take_outputs(
    calls: Sequence[FunctionCall], own: list[FunctionOutput], earlier: list[FunctionOutput]
) -> tuple[list[FunctionOutput], list[FunctionCall]]:
    """Take the outputs of calls off the queues; also return the calls that have none.

    A call that succeeded in an earlier run isn't repeated. From the first different call on, the
    earlier run's outputs don't count.
    """
    outputs, missing = [], []
    for call in calls:
        if earlier and earlier[0].call.name != call.name:
            earlier.clear()
        done = earlier.pop(0) if earlier else None
        if done is not None and done.is_ok:
            outputs.append(replace(done, call=call))
        elif own:
            outputs.append(replace(own.pop(0), call=call))
        else:
            missing.append(call)
    return outputs, missing
