"""An account at the tasks service: its state before a conversation, and after it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from tasks_kit import Person

from todo_evals.cases import DEFAULTS, Case, Fields, as_fields
from todochat.clock import to_wire

PAGE = "200"


class Snapshot(msgspec.Struct, frozen=True):
    """All tasks and lists by ID, in the form of the cases."""

    tasks: dict[str, Fields]
    lists: dict[str, Fields]


class Account:
    """One user's account, as the tasks service's API shows it."""

    def __init__(self, person: Person, timezone: str) -> None:
        self._person = person
        self._zone = ZoneInfo(timezone)

    async def _send(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        response = await self._person.call(method, path, json=body, params=params)
        if response.is_error:
            msg = f"{method} {path}: {response.status_code} {response.text}"
            raise ValueError(msg)
        return response.json() if response.content else None

    async def prepare(self, case: Case) -> None:
        """Create the lists and tasks of a case.

        Raises:
            ValueError: the service rejects one.
        """
        for entry in case.lists:
            fields = as_fields(entry, "name")
            await self._create_list(fields)
        for task in case.tasks:
            await self._create_task(as_fields(task, "title"))

    async def _create_list(self, fields: Fields) -> None:
        made = await self._send("POST", "lists", {"name": fields["name"]})
        for name in fields.get("sections", []):
            await self._send("POST", "sections", {"list_id": made["id"], "name": name})
        looks = {name: fields[name] for name in ("color", "icon", "archived") if name in fields}
        if looks:
            await self._send("PATCH", f"lists/{made['id']}", looks)

    async def _create_task(self, fields: Fields) -> None:
        body = {**fields}
        snapshot = await self.snapshot() if {"list", "section", "parent"} & set(body) else None
        if snapshot is not None:
            wanted_list = body.pop("list", "Inbox")
            body["list_id"] = next(
                list_id for list_id, each in snapshot.lists.items() if each["name"] == wanted_list
            )
        if "section" in body:
            sections = (await self._send("GET", "sections"))["items"]
            wanted = (body["list_id"], body.pop("section"))
            body["section_id"] = next(
                each["id"] for each in sections if (each["list_id"], each["name"]) == wanted
            )
        if snapshot is not None and "parent" in body:
            titles = {task["title"]: task_id for task_id, task in snapshot.tasks.items()}
            body["parent_id"] = titles[body.pop("parent")]
        for name in ("due", "start"):
            if name in body:
                body[name] = self._to_wire(body[name])
        if "repeat" in body:
            body["repeat"] = {"rule": body["repeat"]}
        body["reminders"] = [self._to_reminder(each) for each in body.pop("reminders", [])]
        is_completed = body.pop("completed", False)
        made = await self._send("POST", "tasks", body)
        if is_completed:
            await self._send("POST", f"tasks/{made['id']}/complete")

    async def has_open_question(self, turn_id: str) -> bool:
        """Return whether a change of a turn awaits the user's confirmation."""
        response = await self._person.get("changes/pending", group=turn_id)
        return response.is_success and response.json()["status"] == "open"

    async def find_entity(self, name: str) -> Fields:
        """Return the task or list that a mention means, as the composer gets it."""
        found = await self._send("GET", "entities", q=name)
        entity: Fields = next(each for each in found["items"] if each["title"] == name)
        return entity

    async def snapshot(self) -> Snapshot:
        """Read all tasks that aren't deleted, and all lists."""
        entries = (await self._send("GET", "lists", include_archived="true"))["items"]
        sections = (await self._send("GET", "sections"))["items"]
        lists = {
            entry["id"]: {
                "name": entry["name"],
                "color": entry.get("color"),
                "icon": entry.get("icon"),
                "archived": entry.get("archived_at") is not None,
                "sections": [each["name"] for each in sections if each["list_id"] == entry["id"]],
            }
            for entry in entries
        }
        page = await self._send("GET", "tasks", status="all", limit=PAGE)
        titles = {task["id"]: task["title"] for task in page["items"]}
        names = {each["id"]: each["name"] for each in sections}
        tasks = {
            task["id"]: self._to_fields(task, lists[task["list_id"]]["name"], names, titles)
            for task in page["items"]
        }
        return Snapshot(tasks, lists)

    def _to_fields(
        self,
        task: Fields,
        list_name: str,
        sections: Mapping[str, str],
        titles: Mapping[str, str],
    ) -> Fields:
        copied = ("title", "priority", "duration_minutes", "tags", "notes", "pinned")
        parent, section = task.get("parent_id"), task.get("section_id")
        return {
            **DEFAULTS,
            **{name: task[name] for name in copied if task.get(name) is not None},
            "number": task["number"],
            "list": list_name,
            "section": sections[section] if section else None,
            "parent": titles.get(parent, parent) if parent else None,
            "due": self._to_local(task["due"]),
            "start": self._to_local(task.get("start")),
            "repeat": _to_rule(task.get("repeat")),
            "reminders": [self._from_reminder(each) for each in task.get("reminders") or ()],
            "completed": task["completed_at"] is not None,
        }

    def _to_wire(self, local: str) -> Fields:
        """Return a day, or a local time, as a due date."""
        if "T" not in local:
            return {"date": local, "timezone": self._zone.key}
        return {"at": self._to_instant(local), "timezone": self._zone.key}

    def _to_instant(self, local: str) -> str:
        moment = datetime.fromisoformat(local).replace(tzinfo=self._zone)
        return to_wire(moment.astimezone(UTC))

    def _to_local(self, due: Fields | None) -> str | None:
        if due is None:
            return None
        return due["date"] if "date" in due else self._from_instant(due["at"])

    def _from_instant(self, instant: str) -> str:
        local = datetime.fromisoformat(instant).astimezone(self._zone)
        return local.strftime("%Y-%m-%dT%H:%M")

    def _to_reminder(self, given: int | str) -> Fields:
        if isinstance(given, int):
            return {"minutes_before": given}
        return {"at": self._to_instant(given)}

    def _from_reminder(self, reminder: Fields) -> int | str:
        minutes: int | None = reminder.get("minutes_before")
        return self._from_instant(reminder["at"]) if minutes is None else minutes


def _to_rule(repeat: Fields | None) -> str | None:
    """Return a repetition as one rule: `FREQ=DAILY;COUNT=3`, or with `;FROM=completion`."""
    if repeat is None:
        return None
    ends = {"UNTIL": repeat.get("until"), "COUNT": repeat.get("count")}
    if repeat["from"] != "due":
        ends["FROM"] = repeat["from"]
    given = [f"{name}={value}" for name, value in ends.items() if value is not None]
    return ";".join([repeat["rule"], *given])
