"""Invalid input: never a 5xx, always a problem document that names the error."""

from typing import Any

import pytest
from tasks_kit import Person

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"title":"\xff"}', b'{"title":"\\ud800"}', b'{"title":"\\ud800 milk and more"}',
     b"not json", b'{"title":"x"', b"{'title':'x'}"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "rest"), [("POST", "tasks"), ("PATCH", "tasks/1"), ("POST", "lists")]
)
async def test_non_json_body_is_rejected(ada: Person, method: str, rest: str, body: bytes) -> None:
    await ada.make_task()

    response = await ada.call(method, rest, content=body, headers=JSON)

    assert response.status_code in (400, 422), response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "rest", "body", "pointer"),
    [
        ("POST", "tasks", {"title": 7}, "/title"),
        ("PATCH", "tasks/1", {"due": {"date": "soon"}}, "/due/date"),
        ("POST", "tasks/bulk", {"task_ids": [7], "action": {"type": "delete"}}, "/task_ids/0"),
        ("PATCH", "lists/lst_1", {"color": "#ff0000"}, "/color"),
    ],
)
async def test_invalid_field_is_the_only_error(
    ada: Person, method: str, rest: str, body: dict[str, Any], pointer: str
) -> None:
    response = await ada.call(method, rest, json=body)

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        7,
        {"title": 7},
        {"title": None},
        {"title": ""},
        {"title": "   "},
        {"title": "a\0b"},
        {"title": "a\x1bb"},
        {"title": ["x"]},
        {"title": "x", "notes": "a\0b"},
        {"title": "x", "notes": 7},
        {"title": "x", "priority": "urgent"},
        {"title": "x", "priority": 3},
        {"title": "x", "priority": None},
        {"title": "x", "tags": "dairy"},
        {"title": "x", "tags": [7]},
        {"title": "x", "tags": [""]},
        {"title": "x", "tags": ["a\0b"]},
        {"title": "x", "due": "tomorrow"},
        {"title": "x", "due": {}},
        {"title": "x", "due": {"date": "2026-02-30"}},
        {"title": "x", "due": {"date": "0001-01-01"}},
        {"title": "x", "due": {"date": "9999-12-31"}},
        {"title": "x", "due": {"date": 20261124}},
        {"title": "x", "due": {"date": "2026-11-24", "at": "2026-11-24T17:00:00Z"}},
        {"title": "x", "due": {"at": "2026-11-24T17:00:00"}},
        {"title": "x", "due": {"at": "2026-11-24"}},
        {"title": "x", "due": {"at": "0001-01-01T00:00:00+23:59", "timezone": "UTC"}},
        {"title": "x", "due": {"at": "9999-12-31T23:59:59-23:59", "timezone": "UTC"}},
        {"title": "x", "due": {"at": 10**40}},
        {"title": "x", "due": {"date": "2026-11-24", "timezone": "Mars/Olympus"}},
        {"title": "x", "due": {"date": "2026-11-24", "timezone": "a\0b"}},
        {"title": "x", "due": {"date": "2026-11-24", "color": "red"}},
        {"title": "x", "list_id": 10**40},
        {"title": "x", "number": 7},
        {"title": "x", "user_id": "usr_other"},
        {"title": "x", "completed_at": "2026-11-24T17:00:00Z"},
    ],
    ids=str,
)
async def test_invalid_task_gets_422_and_is_not_stored(ada: Person, body: object) -> None:
    response = await ada.post("tasks", body)

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert await ada.titles() == []


@pytest.mark.parametrize(
    "body",
    [{"title": None}, {"title": ""}, {"tags": None}, {"completed": None}, {"completed": "yes"},
     {"list_id": None}, {"priority": None}, {"number": 3}, {"due": {}}, {"notes": "a\0b"}],
    ids=str,
)  # fmt: skip
async def test_invalid_patch_gets_422_without_effect(ada: Person, body: dict[str, object]) -> None:
    task = await ada.make_task()

    response = await ada.patch("tasks/1", body)

    assert response.status_code == 422, response.text
    assert (await ada.get("tasks/1")).json() == task


async def test_error_points_at_the_invalid_field(ada: Person) -> None:
    response = await ada.post("tasks", {"title": "x", "due": {"at": "2026-11-24T17:00:00"}})

    problem = response.json()
    assert problem["errors"] == [
        {"pointer": "/due/at", "detail": "must have an offset such as Z or +01:00"}
    ]
    assert problem["instance"] == ada.path("tasks")
    assert problem["request_id"] == response.headers["x-request-id"]


async def test_unsupported_methods_get_405(ada: Person) -> None:
    responses = [await ada.call("PUT", "tasks"), await ada.call("DELETE", "tasks/events")]

    assert responses[0].status_code == 405
    assert responses[1].status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/api/{user}/nothing",
        "/api//tasks",
        "/api/{user}/tasks/1/2/3",
        "/api/{user}/tasks//complete",
    ],
)
async def test_unknown_paths_get_404(ada: Person, path: str) -> None:
    response = await ada.http.get(path.replace("{user}", ada.user_id))

    assert response.status_code in (404, 403, 405)
    assert response.headers["content-type"] == "application/problem+json"
