"""From intents to the next step of a turn: tool calls to make, or what to say.

A plan is run again from its start at every step, and is sent what the turn's calls have returned so
far. It ends where results are missing: those calls are the next step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from offline_assistant import changing, replies, showing
from offline_assistant.conversation import ConversationTurn
from offline_assistant.intents import (
    AddIntent,
    ClarifyIntent,
    CompleteIntent,
    ConfirmIntent,
    CreateListIntent,
    DeleteIntent,
    DeleteListIntent,
    DiscardIntent,
    Intent,
    OfferIntent,
    ReopenIntent,
    ShowListsIntent,
    ShowTasksIntent,
    TalkIntent,
    UndoIntent,
    UpdateIntent,
)
from offline_assistant.lookup import Plan, PlanContext
from offline_assistant.markdown import quote
from offline_assistant.prompts import PROMPT_FOR, Prompt
from offline_assistant.tool_calls import FunctionCall, FunctionOutput


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What the model answers with: calls, or else a text."""

    calls: tuple[FunctionCall, ...] = ()
    text: str = ""


def next_step(intents: Sequence[Intent], context: PlanContext, turn: ConversationTurn) -> PlanStep:
    """Return the next step of a turn, given what its calls returned so far."""
    plan = _all(intents, context)
    own, earlier = list(turn.own), list(turn.earlier)
    try:
        calls = next(plan)
        while True:
            outputs, missing = _outputs(calls, own, earlier)
            if missing:
                return PlanStep(calls=tuple(missing))
            calls = plan.send(outputs)
    except StopIteration as finished:
        return PlanStep(text=str(finished.value))


def _outputs(
    calls: Sequence[FunctionCall], own: list[FunctionOutput], earlier: list[FunctionOutput]
) -> tuple[list[FunctionOutput], list[FunctionCall]]:
    """Take the outputs of a step's calls; what an earlier run has done isn't done again."""
    outputs, missing = [], []
    for call in calls:
        if earlier and earlier[0].call.name != call.name:
            earlier.clear()  # from there on the earlier run went another way
        done = earlier.pop(0) if earlier else None
        if done is not None and done.is_ok:
            outputs.append(replace(done, call=call))
        elif own:
            outputs.append(replace(own.pop(0), call=call))
        else:
            missing.append(call)
    return outputs, missing


def _all(intents: Sequence[Intent], context: PlanContext) -> Plan:
    texts = []
    for intent in intents:
        texts.append((yield from _plan(intent, context)))  # noqa: PERF401 - yields in between
    return "\n\n".join(text for text in texts if text)


def _plan(intent: Intent, context: PlanContext) -> Plan:
    match intent:
        case AddIntent() | CreateListIntent() | DeleteListIntent():
            return _plan_new(intent, context)
        case CompleteIntent() | ReopenIntent() | DeleteIntent() | UpdateIntent():
            return _plan_change(intent, context)
        case UndoIntent() | ConfirmIntent() | DiscardIntent():
            return _plan_decision(intent, context)
        case ShowTasksIntent():
            return showing.show_tasks(intent, context)
        case ShowListsIntent():
            return showing.show_lists()
        case TalkIntent() | ClarifyIntent() | OfferIntent():
            return _say(_words(intent, context))


def _plan_new(
    intent: AddIntent | CreateListIntent | DeleteListIntent, context: PlanContext
) -> Plan:
    match intent:
        case AddIntent():
            return changing.add(intent, context)
        case CreateListIntent():
            return changing.new_list(intent)
        case DeleteListIntent():
            return changing.remove_list(intent)


def _plan_decision(
    intent: UndoIntent | ConfirmIntent | DiscardIntent, context: PlanContext
) -> Plan:
    match intent:
        case UndoIntent():
            return changing.undo(context)
        case ConfirmIntent():
            return changing.confirm(context)
        case DiscardIntent():
            return changing.discard(context)


def _plan_change(
    intent: CompleteIntent | ReopenIntent | DeleteIntent | UpdateIntent, context: PlanContext
) -> Plan:
    match intent:
        case CompleteIntent():
            return changing.complete(intent, context)
        case ReopenIntent():
            return changing.reopen(intent, context)
        case DeleteIntent():
            return changing.delete(intent, context)
        case UpdateIntent():
            return changing.update(intent, context)


def _words(intent: TalkIntent | ClarifyIntent | OfferIntent, context: PlanContext) -> str:
    match intent:
        case TalkIntent(topic):
            return replies.talk(topic, context.clock)
        case ClarifyIntent(missing):
            return PROMPT_FOR[missing].value
        case OfferIntent(offered):
            titles = " and ".join(quote(task.title) for task in offered.tasks)
            return f"Shall I add {titles}? {Prompt.OFFER.value}"


def _say(text: str) -> Plan:
    yield from ()
    return text
