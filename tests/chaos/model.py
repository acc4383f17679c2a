"""The chaos model: returns the scripted response to each message, however often it is called."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Self

import msgspec
from aiohttp import web

from chaos import agents
from chaos.history import ModelCall, PlannedCall, PlannedTurn, Told, TurnId
from chaos.schedule import Moment
from todochat.testing.model_script import Call, ModelRequest
from todochat.testing.model_wires import CollectedStream, ResponsesWriter

WORD_S: Final = 0.02
_MESSAGE: Final = re.compile(r"turn s(\d+)c(\d+)t(\d+)\b")
_NOWHERE: Final = "999999"  # a task number that doesn't exist

AtMoment = Callable[[Moment], Awaitable[None]]


def message_of(turn_id: TurnId) -> str:
    """Return the user's message of a turn."""
    return f"turn {turn_id}, please"


class ChaosModel:
    """Responds by the plan of the turn named in the last message; holds no state of a turn.

    Args:
        at: awaited at each moment, before the response continues.

    Attributes:
        calls: every request.
        outcomes: the outcomes in a turn's latest request, in order.
        notes: the turns and keys of notes; see `chaos.agents`.
        asked_from: the port from which a turn's latest request came, which identifies its worker.
    """

    def __init__(self, at: AtMoment) -> None:
        self.calls: list[ModelCall] = []
        self.outcomes: dict[TurnId, list[Told]] = {}
        self.asked_from: dict[TurnId, int] = {}
        self.notes: list[tuple[TurnId, str]] = []
        self._at = at
        self._plans: dict[TurnId, PlannedTurn] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._port}/v1"

    def learn(self, plans: Sequence[PlannedTurn]) -> None:
        """Forget everything and load these turns."""
        self._plans = {plan.turn_id: plan for plan in plans}
        self.calls = []
        self.outcomes = {}
        self.asked_from = {}
        self.notes = []

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/responses", self._answer)
        app.router.add_post("/v1/notes", self._note)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, http_request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await http_request.read())
        turn_id, since = _last_message(body["input"])
        plan = self._plans.get(turn_id)
        if plan is None:  # of an abandoned seed
            return web.json_response({"error": {"message": "an unknown turn"}}, status=400)
        if http_request.transport is not None:
            self.asked_from[turn_id] = http_request.transport.get_extra_info("peername")[1]
        other = _answer_of_other_agent(body["instructions"], turn_id, since)
        if other is not None:
            return await _send_at_once(other, body, http_request)
        outputs = _outputs(since)
        number = _step_of(plan, len(outputs))
        self.calls.append(ModelCall(turn_id, number, len(body["input"])))
        self.outcomes[turn_id] = [_outcome(output) for output in outputs]
        await self._at(Moment(turn_id, "asked", number))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(http_request)
            request = ModelRequest(wire="responses", body=body, headers=http_request.headers)
            await self._say(plan, number, body["input"], ResponsesWriter(response, request))
        except ConnectionError:
            pass  # its reader died
        return response

    async def _note(self, http_request: web.Request) -> web.Response:
        note = msgspec.json.decode(await http_request.read())
        found = _MESSAGE.search(note["turn"])
        if found is not None:
            self.notes.append((TurnId(*map(int, found.groups())), note["key"]))
        return web.json_response({})

    async def _say(
        self, plan: PlannedTurn, number: int, seen: list[dict[str, Any]], writer: ResponsesWriter
    ) -> None:
        step = plan.steps[number]
        await writer.begin()
        if step.said:
            await writer.begin_message()
            for count, word in enumerate(step.said, 1):
                await writer.text(word)
                await asyncio.sleep(WORD_S)
                if not step.calls:
                    await self._at(Moment(plan.turn_id, "saying", count))
            await writer.end_message()
        for call in step.calls:
            await writer.call(_call(call, seen))
        await writer.finish()
        if step.calls:
            await self._at(Moment(plan.turn_id, "tool", number))


def _answer_of_other_agent(
    instructions: str, turn_id: TurnId, since: list[dict[str, Any]]
) -> Call | str | None:
    """Return the answer of an agent of `chaos.agents`, None for the todo agent."""
    has_called = any(item.get("type") == "function_call_output" for item in since)
    match instructions:
        case agents.FRONT:
            if has_called:
                return Call("transfer_to_todo_assistant")
            return Call("clerk", {"input": message_of(turn_id)})
        case agents.CLERK:
            return "noted" if has_called else Call("note", {"turn": message_of(turn_id)})
        case _:
            return None


async def _send_at_once(
    answer: Call | str, body: dict[str, Any], http_request: web.Request
) -> web.StreamResponse:
    """Send a call or a text, with or without a stream."""
    request = ModelRequest(wire="responses", body=body, headers=http_request.headers)
    is_streamed = body.get("stream") is True
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    collected: Any = CollectedStream()
    try:
        if is_streamed:
            await response.prepare(http_request)
        writer = ResponsesWriter(response if is_streamed else collected, request)
        await writer.begin()
        if isinstance(answer, Call):
            await writer.call(answer)
        else:
            await writer.begin_message()
            await writer.text(answer)
            await writer.end_message()
        await writer.finish()
    except ConnectionError:
        pass  # its reader died
    return response if is_streamed else web.json_response(collected.as_response("responses"))


def _last_message(items: list[dict[str, Any]]) -> tuple[TurnId, list[dict[str, Any]]]:
    """Return the turn named in the last message, and the items after it."""
    for index in range(len(items) - 1, -1, -1):
        if items[index].get("role") == "user":
            found = _MESSAGE.search(json.dumps(items[index]["content"]))
            if found is not None:
                seed, conversation, turn = map(int, found.groups())
                return TurnId(seed, conversation, turn), items[index + 1 :]
    msg = "no message names a turn"
    raise ValueError(msg)


def _step_of(plan: PlannedTurn, outputs: int) -> int:
    """Return the step that follows so many results."""
    for number, step in enumerate(plan.steps):
        if outputs < len(step.calls) or not step.calls:
            return number
        outputs -= len(step.calls)
    return len(plan.steps) - 1


def _outputs(items: list[dict[str, Any]]) -> list[str]:
    """Return the results of a turn's calls, in the order in which the calls were made."""
    outputs = {
        item["call_id"]: item["output"]
        for item in items
        if item.get("type") == "function_call_output"
    }
    made = [
        item["call_id"]
        for item in items
        if item.get("type") == "function_call" and item["name"] not in agents.OTHER_TOOLS
    ]
    return [outputs[call_id] for call_id in made if call_id in outputs]


def _read(output: str) -> dict[str, Any]:
    """Return a result's JSON; an SDK error message has none."""
    try:
        result = json.loads(output)
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _outcome(output: str) -> Told:
    result = _read(output)
    if result.get("maybe_done"):
        return "unsure"
    return "done" if result.get("ok") else "refused"


def _call(planned: PlannedCall, seen: list[dict[str, Any]]) -> Call:
    match planned.tool:
        case "add_task":
            return Call("add_task", {"title": planned.title})
        case "find_tasks":
            return Call("find_tasks", {"filter": "status = open | status = completed"})
        case "complete":
            number = _number_of(planned.title, seen)
            return Call("change_tasks", {"tasks": [number], "completed": True})
        case "delete":
            return Call("delete_tasks", {"tasks": [_number_of(planned.title, seen)]})


def _number_of(title: str, seen: list[dict[str, Any]]) -> str:
    """Find a task's number in the tools' outputs."""
    for item in seen:
        if item.get("type") == "function_call_output":
            output = _read(item["output"])
            tasks: list[Mapping[str, Any]] = [*output.get("tasks", []), output.get("task") or {}]
            for task in tasks:
                if task.get("title") == title:
                    return str(task["number"])
    return _NOWHERE
