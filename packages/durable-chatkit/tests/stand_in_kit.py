"""A fake of the tasks service: its routes, idempotency keys and the attempt fence, in memory."""

import copy
import json
from typing import Any

import msgspec
from aiohttp import web

from todochat.contracts.task_changes import PendingChange
from todochat.contracts.task_history import ChangePage
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage
from todochat.testing.model_server import Gate

CREATED_AT = "2026-11-23T09:00:00Z"
PROBLEM_JSON = "application/problem+json"


def problem(status: int, code: str, detail: str, **extensions: Any) -> web.Response:
    body = {"type": f"urn:todochat:problem:{code}", "title": code, "status": status}
    return web.Response(
        status=status,
        body=json.dumps({**body, "detail": detail, **extensions}),
        content_type=PROBLEM_JSON,
    )


def conforming(document: dict[str, Any], view: type[msgspec.Struct]) -> Any:
    """Return a document with exactly the fields of the service's wire type."""
    return msgspec.to_builtins(msgspec.convert(document, view))


class TasksStandIn:
    """One user's tasks, with idempotency keys and the attempt fence, in memory.

    Attributes:
        effects: all changes in order: (method, path, body).
        keys: the idempotency keys of changes.
        failures: statuses to respond with, one per request, without any effect.
        before_answer: a gate that changes pass after their effect, to delay the response.
    """

    def __init__(self) -> None:
        self.effects: list[tuple[str, str, Any]] = []
        self.keys: list[str] = []
        self.requests: list[web.Request] = []
        self.failures: list[int] = []
        self.before_answer: Gate | None = None
        self.tasks: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, Any]] = {}
        self.url = ""
        self.history: list[dict[str, Any]] = []  # scripted; a group of None is in every group
        self.pending: dict[str, dict[str, Any]] = {}
        self.touched: dict[str, set[str]] = {}
        self._before: list[tuple[str, dict[str, dict[str, Any]]]] = []
        self._answers: dict[str, tuple[int, Any]] = {}
        self._attempts: dict[str, int] = {}
        self._add_list("Inbox", is_default=True)

    @property
    def titles(self) -> list[str]:
        return [task["title"] for task in self.tasks.values()]

    def add(self, title: str, **fields: Any) -> dict[str, Any]:
        number = len(self.tasks) + len(self.deleted) + 1
        if "reminders" in fields:
            reminders = enumerate(fields["reminders"])
            fields["reminders"] = [{"id": f"rem_{at}", **each} for at, each in reminders]
        task: dict[str, Any] = {
            "id": f"tsk_{number:026d}",
            "number": number,
            "title": title,
            "notes": "",
            "list_id": next(iter(self.lists)),
            "priority": "none",
            "due": None,
            "tags": [],
            "completed_at": None,
            "created_at": CREATED_AT,
            "updated_at": CREATED_AT,
            **fields,
        }
        self.tasks[task["id"]] = task
        return task

    def note_change(self, kind: str, task: dict[str, Any], **fields: Any) -> None:
        """Add an entry to the history, as the newest."""
        entry = {
            "id": len(self.history) + 1,
            "type": f"task.{kind}.v1",
            "entity_id": task["id"],
            "name": task["title"],
            "actor": "agent",
            "run_id": None,
            "group_id": None,
            "request_id": None,
            "before": {},
            "after": {},
            "undoes": None,
            "undone": False,
            "occurred_at": CREATED_AT,
            **fields,
        }
        self.history.insert(0, entry)

    def _add_list(self, name: str, *, is_default: bool = False) -> dict[str, Any]:
        number = len(self.lists) + 1
        entry: dict[str, Any] = {
            "id": f"lst_{number:026d}",
            "name": name,
            "is_default": is_default,
            "created_at": CREATED_AT,
            "updated_at": CREATED_AT,
        }
        self.lists[entry["id"]] = entry
        return entry

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if self.failures:
            return problem(self.failures.pop(0), "scripted", "Scripted failure.")
        path = "/" + request.path.split("/", 3)[3]
        if request.method == "GET":
            return self._read(path, request.query)
        return await self._change(request, path)

    def _read(self, path: str, query: Any) -> web.Response:  # noqa: PLR0911
        if path in {"/lists", "/sections"}:  # it has no sections
            lists = [self._list(entry) for entry in self.lists.values() if path == "/lists"]
            return web.json_response(conforming({"items": lists}, ListPage))
        if path == "/tasks":
            return web.json_response(
                conforming({"items": self._search(query), "next_cursor": None}, TaskPage)
            )
        kind, _, ref = path[1:].partition("/")
        if path == "/changes":
            entries = [
                each for each in self.history if each["group_id"] in (None, query["group_id"])
            ]
            return web.json_response(
                conforming({"items": entries, "next_cursor": None}, ChangePage)
            )
        if kind == "changes":
            found = [each for each in self.pending.values() if each["group_id"] == query["group"]]
            return (
                web.json_response(conforming(found[-1], PendingChange))
                if found
                else problem(404, "pending-change-not-found", "No such pending change.")
            )
        if kind == "lists":
            return web.json_response(conforming(self._list(self.lists[ref]), TaskList))
        task = self._find(ref)
        if task is None:
            return problem(404, "task-not-found", "No such task.")
        return web.json_response(conforming(task, Task))

    def _search(self, query: Any) -> list[dict[str, Any]]:
        wanted = {
            state
            for state in ("open", "completed")
            if f"status = {state}" in query.get("filter", "")
        }
        by_default = "all" if len(wanted) == 2 else next(iter(wanted), "open")
        status = query.get("status", by_default)
        words = query.get("q", "").casefold().split()
        ids = query.get("ids", ",".join(self.tasks)).split(",")
        return [
            task
            for task in self.tasks.values()
            if task["id"] in ids
            and (status == "all" or (task["completed_at"] is not None) == (status == "completed"))
            and query.get("list_id", task["list_id"]) == task["list_id"]
            and all(word in f"{task['title']} {task['notes']}".casefold() for word in words)
        ]

    async def _change(self, request: web.Request, path: str) -> web.Response:
        run_id = request.headers["X-Run-Id"]
        attempt = int(request.headers["X-Run-Attempt"])
        if attempt < self._attempts.get(run_id, 0):
            return problem(409, "stale-attempt", "A later attempt has been here.")
        self._attempts[run_id] = attempt
        key = request.headers["Idempotency-Key"]
        self.keys.append(key)
        if key not in self._answers:
            body = json.loads(await request.read() or b"null")
            before = copy.deepcopy(self.tasks)
            status, answer = self._apply(request, path, body)
            if status >= 400:
                return problem(status, answer.pop("code"), "Refused.", **answer)
            if not path.startswith("/changes/"):
                self.effects.append((request.method, path, body))
            if before != self.tasks and path != "/changes/undo":
                self._before.append((request.headers["X-Change-Group"], before))
            self._answers[key] = (status, answer)
        status, answer = self._answers[key]
        if self.before_answer is not None:
            await self.before_answer.pass_through()
        return web.json_response(answer, status=status)

    def _apply(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:  # noqa: C901, PLR0911
        kind, _, rest = path[1:].partition("/")
        ref, _, verb = rest.partition("/")
        if kind == "changes":
            return self._apply_change(request, rest, body)
        if self._needs_consent(request, kind, ref):
            return 409, {"code": "confirmation-required"}
        match request.method, kind, verb:
            case "POST", "lists", "":
                for entry in self.lists.values():
                    if entry["name"].casefold() == body["name"].casefold():
                        return 409, {"code": "list-exists", "list_id": entry["id"]}
                return 201, self._list(self._add_list(body["name"]))
            case "DELETE", "lists", "":
                del self.lists[ref]
                return 204, None
            case "POST", "tasks", "" if not ref:
                return 201, self.add(**body)
        if verb == "restore" and (restored := self._restore(ref)):
            return 200, restored
        task = self._find(ref)
        if task is None:
            return 404, {"code": "task-not-found"}
        if request.method == "DELETE":
            self.deleted[task["id"]] = self.tasks.pop(task["id"])
            return 204, None
        changes = {"completed": True} if verb == "complete" else dict(body)
        if "completed" in changes:
            done = changes.pop("completed")
            task["completed_at"] = "2026-11-23T10:00:00Z" if done else None
        task.update(changes)
        return 200, task

    def _needs_consent(self, request: web.Request, kind: str, ref: str) -> bool:
        """Return whether tasks asks for confirmation, as the service does for existing tasks."""
        limit = request.headers.get("X-Confirm-Above")
        if limit is None or not ref:
            return False
        if kind == "lists":
            return request.method == "DELETE"
        touched = self.touched.setdefault(request.headers["X-Change-Group"], set())
        if ref not in touched and len(touched) >= int(limit):
            return True
        touched.add(ref)
        return False

    def _apply_change(self, request: web.Request, rest: str, body: Any) -> tuple[int, Any]:
        if rest == "undo":
            return self._undo(body)
        if rest == "pending":
            return 201, self._hold(request.headers["X-Change-Group"], body["operations"])
        _, pending_id, decision = rest.split("/")
        held = self.pending[pending_id]
        if held["status"] == "open":
            held["status"] = "confirmed" if decision == "confirm" else "discarded"
            changed: list[dict[str, Any]] = []
            for each in held["operations"]:
                task_id = each["operation"].get("task_id")
                if decision == "confirm" and each["operation"]["type"] == "delete":
                    self.deleted[task_id] = self.tasks.pop(task_id)
                    changed.append({**self.deleted[task_id], "deleted": True})
                elif decision == "confirm" and each["operation"]["type"] == "update":
                    task = self.tasks[task_id]
                    fields = dict(each["operation"]["changes"])
                    if fields.pop("completed", False):
                        task["completed_at"] = "2026-11-23T10:00:00Z"
                    task.update(fields)
                    changed.append({**task, "deleted": False})
            outcome = {"group_id": held["group_id"], "tasks": changed, "lists": []}
            held["outcome"] = outcome if decision == "confirm" else None
        return 200, held

    def _undo(self, body: Any) -> tuple[int, Any]:
        """Undo a group of changes, or the last one, and all later ones."""
        groups = [group for group, _ in self._before]
        group = body.get("group_id") or (groups[-1] if groups else None)
        if group not in groups:
            return 409, {"code": "nothing-to-undo"}
        earlier = self._before[groups.index(group)][1]
        present = {**self.tasks, **self.deleted}
        only = body.get("task_ids") or present
        changed = [
            {**task, "deleted": task_id not in earlier}
            for task_id, task in present.items()
            if task_id in only
            and (task != earlier.get(task_id) or (task_id in earlier) != (task_id in self.tasks))
        ]
        for task in changed:
            self.tasks.pop(task["id"], None)
            self.deleted.pop(task["id"], None)
            if task["id"] in earlier:
                self.tasks[task["id"]] = earlier[task["id"]]
        self._before = [each for each in self._before if each[0] != group]
        return 200, {"group_id": group, "tasks": changed, "lists": []}

    def _hold(self, group: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
        held = next((each for each in self.pending.values() if each["group_id"] == group), None)
        if held is None:
            held = {
                "id": f"pch_{len(self.pending) + 1:026d}",
                "group_id": group,
                "revision": 0,
                "status": "open",
                "operations": [],
                "expires_at": "2026-11-24T09:00:00Z",
                "done": [],
            }
            self.pending[held["id"]] = held
        known = [each["operation"] for each in held["operations"]]
        for operation in (each for each in operations if each not in known):
            task = self.tasks.get(operation.get("task_id", "")) or self.deleted.get(
                operation.get("task_id", "")
            )
            entry = self.lists.get(operation.get("list_id", ""))
            held["operations"].append(
                {
                    "operation": operation,
                    "title": task["title"] if task else entry["name"] if entry else "",
                    "number": task["number"] if task else None,
                    "count": 0,
                }
            )
        held["revision"] += 1
        return held

    def _restore(self, ref: str) -> dict[str, Any] | None:
        for task in self.deleted.values():
            if ref in {task["id"], str(task["number"])}:
                self.tasks[task["id"]] = self.deleted.pop(task["id"])
                return task
        return None

    def _find(self, ref: str) -> dict[str, Any] | None:
        if ref.isdigit():
            return next((t for t in self.tasks.values() if t["number"] == int(ref)), None)
        return self.tasks.get(ref)

    def _list(self, entry: dict[str, Any]) -> dict[str, Any]:
        held = [t for t in self.tasks.values() if t["list_id"] == entry["id"]]
        return {**entry, "open_tasks": sum(t["completed_at"] is None for t in held)}
