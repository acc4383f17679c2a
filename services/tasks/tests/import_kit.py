"""Imports over HTTP, and what an account has, without what differs between equal accounts."""

from typing import Any

from tasks_kit import Person

LIST_FIELDS = ("name", "is_default", "color", "icon", "position", "archived_at")


async def import_file(
    person: Person, data: bytes | str, *, status: int = 200, **params: Any
) -> dict[str, Any]:
    """Import a file; return the report, or the problem."""
    content = data.encode() if isinstance(data, str) else data
    flags = {name: str(value).lower() if value is True else value for name, value in params.items()}
    response = await person.call("POST", "import", content=content, params=flags)
    assert response.status_code == status, response.text
    report: dict[str, Any] = response.json()
    return report


async def tasks_of(person: Person, **params: Any) -> list[dict[str, Any]]:
    """Return all tasks by number."""
    query = {
        "status": "all",
        "sort": "created",
        "order": "asc",
        "limit": 200,
        "include_archived": "true",
        **params,
    }
    response = await person.get("tasks", **query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def account_of(person: Person) -> dict[str, Any]:
    """Return lists, sections, filters and tasks by their names, in their manual orders."""
    found = await person.get("lists", include_archived="true")
    lists = {each["id"]: each for each in found.json()["items"]}
    sections = {each["id"]: each for each in (await person.get("sections")).json()["items"]}
    filters = (await person.get("filters")).json()["items"]
    tags = (await person.get("tags")).json()["items"]
    tasks = await tasks_of(person)
    titles = {task["id"]: task["title"] for task in tasks}
    series = list(dict.fromkeys(task["series_id"] for task in tasks))
    order = sorted(  # subtasks have an order of their own
        tasks,
        key=lambda task: (
            lists[task["list_id"]]["name"],
            titles.get(task["parent_id"], ""),
            task["position"],
        ),
    )
    return {
        "lists": [{name: each[name] for name in LIST_FIELDS} for each in lists.values()],
        "sections": sorted(
            (lists[each["list_id"]]["name"], each["position"], each["name"])
            for each in sections.values()
        ),
        "tags": [(each["name"], each["color"]) for each in tags],
        "filters": [(each["name"], each["filter"]) for each in filters],
        "order": [task["title"] for task in order],
        "tasks": [
            {
                **task,
                "id": None,
                "position": None,
                "updated_at": None,
                "list_id": lists[task["list_id"]]["name"],
                "section_id": task["section_id"] and sections[task["section_id"]]["name"],
                "parent_id": task["parent_id"] and titles[task["parent_id"]],
                "next_id": task["next_id"] and titles[task["next_id"]],
                "series_id": series.index(task["series_id"]),
                "reminders": [{**each, "id": None} for each in task["reminders"]],
            }
            for task in tasks
        ],
    }
