"""Resources for MCP clients: the lists, the tasks of a list, and today."""

from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mcp import types

from tasks_service.mcp.own_requests import OwnRequests, describe

LISTS: Final = "tasks://lists"
TODAY: Final = "tasks://today"
LIST: Final = "tasks://lists/{list_id}"
JSON: Final = "application/json"
MAX_TASKS: Final = "200"  # the largest page


def list_resources() -> list[types.Resource]:
    """Return the resources with a fixed address."""
    return [
        types.Resource(
            uri=LISTS,
            name="lists",
            description="All lists, with their numbers of open tasks.",
            mime_type=JSON,
        ),
        types.Resource(
            uri=TODAY,
            name="today",
            description="The open tasks that are due today or overdue.",
            mime_type=JSON,
        ),
    ]


def list_templates() -> list[types.ResourceTemplate]:
    """Return the resources whose address names a list."""
    return [
        types.ResourceTemplate(
            uri_template=LIST,
            name="list",
            description="The open tasks of a list, by its ID; the newest 200.",
            mime_type=JSON,
        )
    ]


async def read_resource(
    requests: OwnRequests, user_id: str, zone: ZoneInfo, uri: str
) -> types.TextResourceContents | None:
    """Return a resource's content; None if there is no such resource.

    Raises:
        UpstreamProblemError: the request for its tasks failed.
        UpstreamError: there was no response in time.
    """
    root = f"/api/{quote(user_id, safe='')}"
    match uri.removeprefix(f"{LISTS}/"):
        case "tasks://lists":
            path, params = "/lists", {}
        case "tasks://today":
            due = {"filter": "due <= today", "timezone": zone.key, "sort": "due", "order": "asc"}
            path, params = "/tasks", {**due, "status": "open", "limit": MAX_TASKS}
        case list_id if list_id and list_id != uri:
            path, params = "/tasks", {"list_id": list_id, "status": "open", "limit": MAX_TASKS}
        case _:
            return None
    response = await requests.request("GET", root + path, user_id=user_id, params=params)
    return types.TextResourceContents(uri=uri, mime_type=JSON, text=describe(response))
