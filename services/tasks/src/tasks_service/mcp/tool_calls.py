"""Tool calls of MCP clients: the tools of the agent, with the client in the place of a chat."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from mcp import types

from task_tools.arguments import parse_arguments
from task_tools.execution import WAITING, execute
from task_tools.specs import SPECS
from task_tools.tasks_client import TasksClient, ToolCaller
from task_tools.tool_spec import ToolSpec
from task_tools.tool_tasks import MAX_UNCONFIRMED, ToolTasks
from tasks_service.mcp.own_requests import OwnRequests
from tasks_service.service.authenticator import AuthenticatedCaller
from todochat.clock import utc_now
from todochat.contracts.task_changes import PendingChange
from todochat.ids import new_id

RETRY_BUDGET_S: Final = 5.0  # while another request of the user is under way
ANSWER_PENDING: Final = "answer_pending"
MAX_NAMED: Final = 10
PENDING: Final = "The `pending` of the result that asked for the confirmation."
ASK: Final = (
    "Nothing is changed yet. Show the user `will_change`, and if they agree, call answer_pending "
    "with this `pending` and confirm true."
)
_BY_NAME: Final = {spec.name: spec for spec in SPECS}


class McpToolHost:
    """Executes one tool call of an MCP client.

    A change beyond the limit is held; `answer_pending` applies it, which the client's own consent
    to a destructive tool guards.

    Args:
        pending: the group whose pending change the call answers.
    """

    def __init__(
        self, caller: AuthenticatedCaller, zone: ZoneInfo, *, pending: str | None = None
    ) -> None:
        self.zone = zone
        self.locale = "en"
        self.now: datetime = utc_now()
        self.pending = pending
        key = new_id("mcp")
        self.caller = ToolCaller(
            user_id=caller.user_id,
            run_id=key,
            attempt=1,
            key=key,
            turn_id=key,
            thread_id=f"mcp:{caller.sid}",
            confirm_above=MAX_UNCONFIRMED,
        )

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:  # noqa: ARG002
        """Return the result of `decide`: a call has one attempt."""
        return await decide()

    async def note_held(self) -> None:
        """Do nothing: the result of the call has the pending change."""

    async def find_answerable_group(self) -> str | None:
        """Return the group that the call names."""
        return self.pending

    def says_yes(self) -> bool:
        """Return True: the user agrees to the call in their client."""
        return True

    def says_undo(self) -> bool:
        """Return True: the call is the request."""
        return True


def list_tools() -> list[types.Tool]:
    """Return the definitions of all tools."""
    return [_define(spec) for spec in SPECS]


async def call_tool(
    requests: OwnRequests,
    caller: AuthenticatedCaller,
    zone: ZoneInfo,
    name: str,
    arguments: Mapping[str, Any],
) -> types.CallToolResult:
    """Call a tool; failures are results that say what to do instead.

    Raises:
        KeyError: there is no such tool.
    """
    spec = _BY_NAME[name]
    given = dict(arguments)
    pending = given.pop("pending", None) if name == ANSWER_PENDING else None
    host = McpToolHost(caller, zone, pending=None if pending is None else str(pending))
    tasks = ToolTasks(TasksClient(requests, budget_s=RETRY_BUDGET_S), host)
    parsed = parse_arguments(msgspec.json.encode(given).decode(), spec.arguments)
    outcome = await execute(spec, tasks, parsed)
    output = outcome.output
    if output.get("code") == WAITING:
        output = await _describe_pending(tasks, host.caller.turn_id)
    text = msgspec.json.encode(output).decode()
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=output,
        is_error=output.get("ok") is not True,
    )


async def _describe_pending(tasks: ToolTasks, group: str) -> dict[str, Any]:
    """Return what a held call will change."""
    pending = await tasks.client.read(
        tasks.caller, "/changes/pending", PendingChange, {"group": group}
    )
    named = [
        {"number": each.number, "title": each.title, **msgspec.to_builtins(each.operation)}
        for each in pending.operations[:MAX_NAMED]
    ]
    return {
        "ok": True,
        "code": WAITING,
        "note": ASK,
        "pending": group,
        "count": len(pending.operations),
        "will_change": named,
    }


def _define(spec: ToolSpec) -> types.Tool:
    schema = msgspec.json.schema(spec.arguments)
    (definition,) = (
        each for name, each in schema["$defs"].items() if name == spec.arguments.__name__
    )
    others = {name: each for name, each in schema["$defs"].items() if each is not definition}
    inputs = {**definition, **({"$defs": others} if others else {})}
    if spec.name == ANSWER_PENDING:
        inputs["properties"] = {
            "pending": {"type": "string", "description": PENDING},
            **inputs["properties"],
        }
        inputs["required"] = ["pending", *inputs["required"]]
    return types.Tool(
        name=spec.name,
        title=spec.name.replace("_", " ").capitalize(),
        description=spec.description,
        input_schema=inputs,
        annotations=types.ToolAnnotations(
            read_only_hint=not spec.changes,
            destructive_hint=spec.is_destructive,
            idempotent_hint=not spec.changes,
            open_world_hint=False,
        ),
    )
