"""From intents to the next step of a turn: tool calls to make, or what to say.

A plan is run again from its start at every step, and is sent what the turn's calls have returned so
far. It ends where results are missing: those calls are the next step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from offline_assistant import changing, replies, showing
from offline_assistant.conversation import Turn
from offline_assistant.intents import (
    Add,
    Ask,
    Complete,
    Confirm,
    CreateList,
    Delete,
    DeleteList,
    Discard,
    Intent,
    Offer,
    Reopen,
    ShowLists,
    ShowTasks,
    Talk,
    Undo,
    Update,
)
from offline_assistant.lookup import Plan, Situation
from offline_assistant.markdown import quote
from offline_assistant.prompts import PROMPT_FOR, Prompt
from offline_assistant.tool_calls import ToolCall, ToolOutput


@dataclass(frozen=True, slots=True)
class Step:
    """What the model answers with: calls, or else a text."""

    calls: tuple[ToolCall, ...] = ()
    text: str = ""


def next_step(intents: Sequence[Intent], situation: Situation, turn: Turn) -> Step:
    """Return the next step of a turn, given what its calls returned so far."""
    plan = _all(intents, situation)
    own, earlier = list(turn.own), list(turn.earlier)
    try:
        calls = next(plan)
        while True:
            outputs, missing = _outputs(calls, own, earlier)
            if missing:
                return Step(calls=tuple(missing))
            calls = plan.send(outputs)
    except StopIteration as finished:
        return Step(text=str(finished.value))


def _outputs(
    calls: Sequence[ToolCall], own: list[ToolOutput], earlier: list[ToolOutput]
) -> tuple[list[ToolOutput], list[ToolCall]]:
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


def _all(intents: Sequence[Intent], situation: Situation) -> Plan:
    texts = []
    for intent in intents:
        texts.append((yield from _plan(intent, situation)))  # noqa: PERF401 - yields in between
    return "\n\n".join(text for text in texts if text)


def _plan(intent: Intent, situation: Situation) -> Plan:
    match intent:
        case Add() | CreateList() | DeleteList():
            return _plan_new(intent, situation)
        case Complete() | Reopen() | Delete() | Update():
            return _plan_change(intent, situation)
        case Undo() | Confirm() | Discard():
            return _plan_decision(intent, situation)
        case ShowTasks():
            return showing.show_tasks(intent, situation)
        case ShowLists():
            return showing.show_lists()
        case Talk() | Ask() | Offer():
            return _say(_words(intent, situation))


def _plan_new(intent: Add | CreateList | DeleteList, situation: Situation) -> Plan:
    match intent:
        case Add():
            return changing.add(intent, situation)
        case CreateList():
            return changing.new_list(intent)
        case DeleteList():
            return changing.remove_list(intent)


def _plan_decision(intent: Undo | Confirm | Discard, situation: Situation) -> Plan:
    match intent:
        case Undo():
            return changing.undo(situation)
        case Confirm():
            return changing.confirm(situation)
        case Discard():
            return changing.discard(situation)


def _plan_change(intent: Complete | Reopen | Delete | Update, situation: Situation) -> Plan:
    match intent:
        case Complete():
            return changing.complete(intent, situation)
        case Reopen():
            return changing.reopen(intent, situation)
        case Delete():
            return changing.delete(intent, situation)
        case Update():
            return changing.update(intent, situation)


def _words(intent: Talk | Ask | Offer, situation: Situation) -> str:
    match intent:
        case Talk(topic):
            return replies.talk(topic, situation.clock)
        case Ask(missing):
            return PROMPT_FOR[missing].value
        case Offer(offered):
            titles = " and ".join(quote(task.title) for task in offered.tasks)
            return f"Shall I add {titles}? {Prompt.OFFER.value}"


def _say(text: str) -> Plan:
    yield from ()
    return text
