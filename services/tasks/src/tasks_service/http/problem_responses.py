"""OpenAPI documentation of responses."""

from http import HTTPStatus
from typing import Any, Final

from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from todochat.http.openapi import problems

# Request bodies that reject unknown fields.
STRICT_BODIES: Final = (
    "CreateTask",
    "UpdateTask",
    "CreateList",
    "UpdateList",
    "CreateFilter",
    "UpdateFilter",
    "DueInput",
    "RepeatInput",
    "MoveInput",
    "CreateSection",
    "UpdateSection",
    "CreateTag",
    "UpdateTag",
    "MergeTag",
    "UpdatePreferences",
    "HoldChanges",
    "ConfirmChanges",
    "UndoChanges",
    "BulkChange",
    "AddDevice",
    "DeviceKeys",
    "SwitchReminderEmail",
    "ConfirmReminderEmail",
)

READ_PROBLEMS: Final = (400, 401, 403, 422, 429, 503)
WRITE_PROBLEMS: Final = (400, 401, 403, 409, 412, 413, 422, 429, 503)


NOT_MODIFIED: Final = {
    304: ResponseSpec(None, generate_examples=False, description="The client has this state.")
}


def documented(
    success: HTTPStatus, body: Any, description: str, *failures: int
) -> dict[int, ResponseSpec]:
    """Document a route's responses: its success, and each failure as a problem document."""
    return {
        success: ResponseSpec(
            body, generate_examples=False, description=description, media_type=MediaType.JSON
        ),
        **problems(*failures),
    }
