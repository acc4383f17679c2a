"""A fake todo list with the agent's tools, and a fake user who sends messages."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agents import FunctionTool
from agents.tool_context import ToolContext

from offline_assistant.conversation import CALL_ID_PREFIX, CLICK_ID_PREFIX
from offline_assistant.model import decide
from task_phrases.clock import Clock

DEFAULT_LIST = "Inbox"
MAX_STEPS = 20
MONDAY = "2026-11-23T09:30"
CHANGING = {
    "add_task",
    "change_tasks",
    "delete_tasks",
    "restore_tasks",
    "save_list",
    "delete_list",
    "plan_day",
    "answer_pending",
    "undo",
}
# A condition up to the next "&" that isn't in quotes.
CONDITION = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^&])+""")
CONDITIONS = {
    "status": r"status = (completed)",
    "every status": r"\((status = open \| status = completed)\)",
    "list": r"list = [\"'](.+?)[\"']",
    "section": r"section = [\"'](.+?)[\"']",
    "priority": r"priority = (\w+)",
    "tag": r"tag = [\"'](.+)[\"']",
    "due": r"due = (\S+)",
    "due_from": r"due >= (\S+)",
    "due_to": r"due <= (\S+)",
    "overdue": r"(overdue)",
}
EXTRAS = ("section", "reminders", "duration_minutes", "pinned", "parent")
UNCONFIRMED = 3  # tasks that a turn may change without a confirmation


class ToolError(Exception):
    def __init__(self, code: str, error: str) -> None:
        super().__init__(error)
        self.code = code


@dataclass
class FakeTodo:
    """A user's tasks and lists, and every call made."""

    now: datetime
    zone: ZoneInfo
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    deleted: dict[int, dict[str, Any]] = field(default_factory=dict)
    lists: list[str] = field(default_factory=lambda: [DEFAULT_LIST])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failing: dict[str, tuple[str, str]] = field(default_factory=dict)
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    confirmable: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed_numbers: set[int] = field(default_factory=set)
    added_numbers: set[int] = field(default_factory=set)
    turns: list[Any] = field(default_factory=list)

    def begin_turn(self) -> None:
        """Start a turn, which can confirm the waiting calls and undo the changes so far."""
        self.confirmable, self.waiting = self.waiting, []
        self.changed_numbers, self.added_numbers = set(), set()
        self.turns.append(self._state())

    def _state(self) -> Any:
        return copy.deepcopy((self.tasks, self.deleted, self.lists))

    def _await_confirmation(self, name: str, arguments: dict[str, Any]) -> None:
        self.waiting.append((name, arguments))
        raise ToolError("waiting-for-confirmation", "Not done yet.")

    def _count_change(self, name: str, arguments: dict[str, Any]) -> None:
        (number,) = map(int, arguments["tasks"])
        others = self.changed_numbers | {number}
        if (
            number not in self.added_numbers
            and len(others) > UNCONFIRMED
            and number not in self.changed_numbers
        ):
            self._await_confirmation(name, arguments)
        if number not in self.added_numbers:
            self.changed_numbers = others

    def add(self, *titles: str, **fields: Any) -> None:
        for title in titles:
            self._insert({"title": title, **fields})

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        return [call for call in self.calls if call[0] in CHANGING]

    @property
    def titles(self) -> list[str]:
        return [task["title"] for task in self.tasks.values()]

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((name, arguments))
        if name in self.failing:
            code, error = self.failing[name]
            return {"ok": False, "code": code, "error": error}
        try:
            return {"ok": True, **getattr(self, f"_{name}")(arguments)}
        except ToolError as describe_failure:
            return {"ok": False, "code": describe_failure.code, "error": str(describe_failure)}

    def tools(self) -> list[FunctionTool]:
        names = [*sorted(CHANGING), "find_tasks", "find_lists", "show_task"]
        return [self._tool(name) for name in names]

    def _tool(self, name: str) -> FunctionTool:
        async def invoke(_context: ToolContext[Any], arguments: str) -> str:
            return json.dumps(self.call(name, json.loads(arguments)))

        return FunctionTool(
            name=name,
            description=name,
            params_json_schema={"type": "object", "properties": {}},
            on_invoke_tool=invoke,
            strict_json_schema=False,
        )

    def _insert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        number = max([*self.tasks, *self.deleted], default=0) + 1
        name = arguments.get("list") or DEFAULT_LIST
        task = {
            "number": number,
            "id": f"tsk_{number}",
            "title": arguments["title"],
            "list": self._list_or_new(name),
            "priority": arguments.get("priority", "none"),
            "due": self._due(arguments),
            "tags": arguments.get("tags", []),
            "completed": arguments.get("completed", False),
            "repeat": {"rule": arguments["repeat"]} if "repeat" in arguments else None,
            **{name: arguments[name] for name in EXTRAS if name in arguments},
        }
        self.tasks[number] = task
        for title in arguments.get("subtasks", ()):
            self._insert({"title": title, "parent": str(number)})
        return task

    def _list_or_new(self, name: str) -> str:
        known = next((found for found in self.lists if found.casefold() == name.casefold()), None)
        if known is None:
            self.lists.append(name)
        return known or name

    def _known_list(self, name: str) -> str:
        for found in self.lists:
            if found.casefold() == name.casefold():
                return found
        raise ToolError("list-not-found", f'There is no list called "{name}".')

    def _due(self, arguments: dict[str, Any]) -> dict[str, str] | None:
        if "due_at" in arguments:
            moment = datetime.fromisoformat(arguments["due_at"])
            local = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            wire = local.astimezone(UTC).isoformat().replace("+00:00", "Z")
            return {"at": wire, "timezone": self.zone.key}
        if "due_date" in arguments:
            return {"date": arguments["due_date"], "timezone": self.zone.key}
        return None

    def _add_task(self, arguments: dict[str, Any]) -> dict[str, Any]:
        task = self._insert(arguments)
        self.added_numbers.add(task["number"])
        return {"task": task}

    def _find(self, reference: str) -> dict[str, Any]:
        number = int(reference)
        if number not in self.tasks:
            raise ToolError("task-not-found", f"There is no task {number}.")
        return self.tasks[number]

    def _change_tasks(self, arguments: dict[str, Any]) -> dict[str, Any]:
        found = [self._find(reference) for reference in arguments["tasks"]]
        if arguments.get("ask") or len(found) > UNCONFIRMED:
            self._await_confirmation("change_tasks", arguments)
        if len(found) == 1:
            self._count_change("change_tasks", arguments)
        return {"tasks": self._change_all(arguments)}

    def _change_all(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        changed = []
        for number in arguments["tasks"]:
            task = self.tasks[int(number)]
            fields = {key: value for key, value in arguments.items() if key not in {"tasks", "ask"}}
            dropped = fields.pop("drop_tags", [])
            added = fields.pop("add_tags", [])
            task["tags"] = [tag for tag in task["tags"] if tag not in dropped] + added
            changed.append(self._set(task, fields))
        return changed

    def _delete_tasks(self, arguments: dict[str, Any]) -> dict[str, Any]:
        found = [self._find(reference) for reference in arguments["tasks"]]
        if arguments.get("ask") or len(found) > 1:
            self._await_confirmation("delete_tasks", arguments)
        self._count_change("delete_tasks", arguments)
        return {"tasks": self._delete_all(arguments)}

    def _delete_all(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        for number in map(int, arguments["tasks"]):
            self.deleted[number] = self.tasks.pop(number)
        return [self.deleted[int(number)] for number in arguments["tasks"]]

    def _plan_day(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._await_confirmation("plan_day", arguments)
        raise AssertionError

    def _answer_pending(self, arguments: dict[str, Any]) -> dict[str, Any]:
        before = self._state()[0]
        confirmed = self.confirmable if arguments["confirm"] else []
        self.confirmable = []
        for name, held in confirmed:
            match name:
                case "change_tasks":
                    self._change_all(held)
                case "delete_list":
                    self._drop_list(held)
                case "plan_day":
                    for entry in held["entries"]:
                        self.tasks[int(entry["task"])]["start"] = entry["at"]
                case _:
                    self._delete_all(held)
        return {"changed": self._changed_since(before), "lists": []}

    def _undo(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        present = self._state()
        while self.turns and self.turns[-1] == present:
            self.turns.pop()
        if not self.turns:
            raise ToolError("nothing-to-undo", "There is nothing left to undo.")
        self.tasks, self.deleted, self.lists = self.turns.pop()
        return {"changed": self._changed_since(present[0]), "lists": []}

    def _changed_since(self, before: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
        numbers = sorted(before.keys() | self.tasks.keys())
        return [
            {
                "number": number,
                "title": (self.tasks.get(number) or before[number])["title"],
                "deleted": number not in self.tasks,
            }
            for number in numbers
            if before.get(number) != self.tasks.get(number)
        ]

    def _restore_tasks(self, arguments: dict[str, Any]) -> dict[str, Any]:
        numbers = [int(number) for number in arguments["tasks"]]
        if not all(number in self.deleted for number in numbers):
            raise ToolError("task-not-found", "There is no such deleted task.")
        found = [self.deleted.pop(number) for number in numbers]
        self.tasks |= {task["number"]: task for task in found}
        return {"tasks": found}

    def _set(self, task: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
        if "repeat" in arguments:
            task["repeat"] = {"rule": arguments["repeat"]}
        if arguments.get("clear_repeat"):
            task["repeat"] = None
        for name in ("title", "priority", "tags", "completed", "notes", *EXTRAS):
            if name in arguments:
                task[name] = arguments[name]
        if "list" in arguments:
            task["list"] = self._list_or_new(arguments["list"])
        if arguments.get("clear_due"):
            task["due"] = None
        task["due"] = self._moved(task["due"], arguments) or self._due(arguments) or task["due"]
        return task

    def _moved(
        self, due: dict[str, str] | None, arguments: dict[str, Any]
    ) -> dict[str, str] | None:
        """Return the new due time of a task that moves to another day and keeps its time."""
        if due is None or "at" not in due or "due_date" not in arguments:
            return None
        local = datetime.fromisoformat(due["at"]).astimezone(self.zone)
        day = date.fromisoformat(arguments["due_date"])
        return self._due({"due_at": datetime.combine(day, local.time()).isoformat()})

    def _find_tasks(self, arguments: dict[str, Any]) -> dict[str, Any]:
        wanted = {**self._conditions(arguments.get("filter", "")), **arguments}
        if "list" in wanted:
            wanted["list"] = self._known_list(wanted["list"])
        found = [task for task in self.tasks.values() if self._fits(task, wanted)]
        if {"due_from", "due_to", "overdue"} & wanted.keys():
            found.sort(key=lambda task: str(self._day(task) or date.max))
        return {"tasks": found[: arguments.get("limit", 50)], "total": len(found)}

    def _conditions(self, text: str) -> dict[str, Any]:
        """Read a filter whose conditions are all joined by "&"."""
        wanted: dict[str, Any] = {}
        for condition in CONDITION.findall(text):
            found = [
                (name, re.fullmatch(rule, condition.strip())) for name, rule in CONDITIONS.items()
            ]
            ((name, match),) = [(name, match) for name, match in found if match]
            match name:
                case "every status":
                    wanted["status"] = "all"
                case "due":
                    wanted |= {"due_from": match[1], "due_to": match[1]}
                case _:
                    wanted[name] = match[1]
        return wanted

    def _fits(self, task: dict[str, Any], wanted: dict[str, Any]) -> bool:
        status, day = wanted.get("status", "open"), self._day(task)
        words = wanted.get("text", "").casefold().split()
        checks = (
            status == "all" or task["completed"] == (status == "completed"),
            wanted.get("list") in {None, task["list"]},
            wanted.get("section") in {None, task.get("section")},
            wanted.get("priority") in {None, task["priority"]},
            wanted.get("tag") is None or wanted["tag"] in task["tags"],
            all(word in task["title"].casefold() for word in words),
            "due_from" not in wanted or (day is not None and str(day) >= wanted["due_from"]),
            "due_to" not in wanted or (day is not None and str(day) <= wanted["due_to"]),
            not wanted.get("overdue") or self._is_overdue(task),
        )
        return all(checks)

    def _is_overdue(self, task: dict[str, Any]) -> bool:
        due = task["due"]
        if due is None or task["completed"]:
            return False
        if "at" in due:
            return datetime.fromisoformat(due["at"]) < self.now
        return date.fromisoformat(due["date"]) + timedelta(days=1) <= self.now.date()

    def _day(self, task: dict[str, Any]) -> date | None:
        due = task["due"]
        if due is None:
            return None
        if "at" in due:
            return datetime.fromisoformat(due["at"]).astimezone(self.zone).date()
        return date.fromisoformat(due["date"])

    def _save_list(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if "list" in arguments:
            return self._change_list(self._known_list(arguments["list"]), arguments)
        name = arguments["name"]
        if any(found.casefold() == name.casefold() for found in self.lists):
            raise ToolError("list-exists", f'There is a list called "{name}" already.')
        self.lists.append(name)
        return self._find_lists({})

    def _change_list(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        new_name = arguments.get("name", name)
        self.lists[self.lists.index(name)] = new_name
        for task in self.tasks.values():
            task["list"] = new_name if task["list"] == name else task["list"]
        return self._find_lists({})

    def _find_lists(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        views = [
            {
                "name": name,
                "open_tasks": sum(
                    not task["completed"] and task["list"] == name for task in self.tasks.values()
                ),
                "is_default": name == DEFAULT_LIST,
                "sections": sorted(
                    {
                        task["section"]
                        for task in self.tasks.values()
                        if task["list"] == name and "section" in task
                    }
                ),
            }
            for name in self.lists
        ]
        return {"lists": views}

    def _show_task(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"task": self._find(arguments["task"])} if "task" in arguments else {}

    def _delete_list(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._known_list(arguments["list"])
        self._await_confirmation("delete_list", arguments)
        raise AssertionError

    def _drop_list(self, arguments: dict[str, Any]) -> None:
        name = self._known_list(arguments["list"])
        for number, task in list(self.tasks.items()):
            if task["list"] == name and arguments.get("tasks") == "delete":
                del self.tasks[number]
            elif task["list"] == name:
                task["list"] = DEFAULT_LIST
        self.lists.remove(name)


def make_clock(now: str = MONDAY, zone: str = "Europe/Berlin", locale: str = "en-GB") -> Clock:
    info = ZoneInfo(zone)
    return Clock(datetime.fromisoformat(now).replace(tzinfo=info), info, locale)


class FakeUser:
    """Sends messages to the assistant and executes its steps, without the SDK's runner."""

    def __init__(self, todo: FakeTodo, clock: Clock) -> None:
        self.todo = todo
        self.clock = clock
        self.history: list[dict[str, Any]] = []

    def send(self, text: str) -> str:
        """Send a message, execute the calls that follow, and return the reply."""
        self.history.append({"role": "user", "content": text})
        self.todo.begin_turn()
        for _ in range(MAX_STEPS):
            step = decide(self.history, self.clock)
            if not step.calls:
                self.history.append({"role": "assistant", "content": step.text})
                return step.text
            for call in step.calls:
                self._run(call.name, call.arguments_json)
        msg = f"no reply after {MAX_STEPS} steps: {text}"
        raise AssertionError(msg)

    def click(self, name: str, **arguments: Any) -> None:
        """Call a tool as the user, as a widget's action records it."""
        self.todo.begin_turn()
        self._run(name, json.dumps(arguments), CLICK_ID_PREFIX)

    def _run(self, name: str, arguments: str, prefix: str = CALL_ID_PREFIX) -> None:
        call_id = f"{prefix}{len(self.history)}"
        output = json.dumps(self.todo.call(name, json.loads(arguments)))
        call = {"call_id": call_id, "name": name, "arguments": arguments}
        self.history.append({"type": "function_call", **call})
        result = {"call_id": call_id, "output": output}
        self.history.append({"type": "function_call_output", **result})


MakeFakeUser = Callable[..., FakeUser]
