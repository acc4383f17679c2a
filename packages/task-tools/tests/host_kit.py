"""A host of tool calls without a run, and a user who calls tools on the real tasks service."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tasks_kit import Person

from task_tools.arguments import InvalidArgumentsError, parse_arguments
from task_tools.execution import execute, failure
from task_tools.specs import SPECS
from task_tools.tasks_client import TasksClient, ToolCaller
from task_tools.tool_spec import ToolOutcome
from task_tools.tool_tasks import ToolTasks
from todochat.clock import utc_now

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class DirectHost:
    """Makes each choice once per call, and keeps nothing."""

    caller: ToolCaller
    words: str = ""
    answerable: str | None = None
    zone: ZoneInfo = BERLIN
    locale: str = "en-GB"
    now: datetime = field(default_factory=utc_now)
    has_held: bool = False

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        return await decide()

    async def note_held(self) -> None:
        self.has_held = True

    async def find_answerable_group(self) -> str | None:
        return self.answerable

    def says_yes(self) -> bool:
        return self.words == "yes"

    def says_undo(self) -> bool:
        return self.words == "undo"


class ToolUser:
    """One user; every call belongs to the turn that `begin_turn` has begun."""

    def __init__(self, client: TasksClient, person: Person) -> None:
        self.client = client
        self.person = person
        self.turn = 0
        self.calls = 0
        self.words = ""
        self.last: ToolOutcome = ToolOutcome()

    def begin_turn(self, words: str = "") -> None:
        self.turn += 1
        self.words = words

    async def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool as a model does; return what it gets."""
        self.calls += 1
        spec = next(spec for spec in SPECS if spec.name == name)
        caller = ToolCaller(
            user_id=self.person.user_id,
            run_id=f"run_{self.turn}",
            attempt=1,
            key=f"run_{self.turn}:0:{self.calls}",
            turn_id=f"msg_{self.turn}",
            thread_id="thr_1",
            confirm_above=3,
        )
        host = DirectHost(caller, self.words, f"msg_{self.turn - 1}")
        try:
            parsed = parse_arguments(json.dumps(arguments), spec.arguments)
        except InvalidArgumentsError as error:
            return failure("invalid-arguments", str(error)).output
        self.last = await execute(spec, ToolTasks(self.client, host), parsed)
        return self.last.output

    async def stored(self, number: int) -> dict[str, Any]:
        """Return a task as the API has it."""
        response = await self.person.get(f"tasks/{number}")
        found: dict[str, Any] = response.json()
        return found
