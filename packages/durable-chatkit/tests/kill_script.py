"""The model of `kill_shapes`: answers depend only on the agent and on the outputs of its tools."""

import json
from typing import Any, Final

from todochat.testing.model_server import Call, ModelRequest, Raw, Say, ScriptedResponse

_CUT_OFF: Final = {
    "type": "response.incomplete",
    "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
}


def respond(request: ModelRequest) -> ScriptedResponse:
    name = request.body["instructions"].removeprefix("You are ").removesuffix(".")
    outputs = [
        str(item["output"])
        for item in request.history
        if item.get("type") == "function_call_output" and "assistant" not in str(item["output"])
    ]
    return ScriptedResponse(parts=tuple(_answer(name, outputs, request.history)))


def _answer(name: str, outputs: list[str], history: list[Any]) -> list[Any]:
    what = _asked(history)
    calls: dict[tuple[str, int], list[Any]] = {
        ("One", 0): [Say("On ", "it."), pay("tea"), pay("milk")],
        ("One", 2): [Call("show", {"title": "bill"}, "call_show")],
        ("Cut", 0): [pay("tea")],
        ("Cut", 1): [Say("Half of", " it"), Raw(f"data: {json.dumps(_CUT_OFF)}\n\n".encode())],
        ("Boss", 0): [clerk("a"), clerk("b")],
        ("Desk", 0): [Call("transfer_to_clerk", {}, "call_transfer")],
        ("Worker", 0): [Say("Working."), Call("work", {}, "call_work")],
        ("Clerk", 0): [pay(what)],
        ("Judge", 0): [Say("fine")],
    }
    return calls.get((name, len(outputs))) or [Say("Do", f"ne: {' '.join(outputs)}")]


def pay(what: str) -> Call:
    return Call("pay", {"what": what}, f"call_{what}")


def clerk(what: str) -> Call:
    return Call("clerk", {"input": f"pay {what}"}, f"call_{what}")


def _asked(history: list[Any]) -> str:
    texts = [item.get("content") for item in history if item.get("role") == "user"]
    return str(texts[-1]).rpartition("pay ")[2].strip("'\"}]) ") or "it"
