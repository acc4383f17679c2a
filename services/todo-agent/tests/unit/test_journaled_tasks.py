"""Journals of earlier versions stay readable, since a run can continue after an upgrade."""

import msgspec

from task_tools.tool_tasks import RecordedList, RecordedTask


def test_task_recorded_without_created_at_is_decoded() -> None:
    recorded = b"""{"id":"tsk_1","number":1,"title":"Buy milk","list_id":"lst_1","notes":"",
        "priority":"none","due":{"date":"2026-11-24"},"tags":[],"completed_at":null,
        "updated_at":"2026-11-23T09:00:00Z"}"""

    task = msgspec.json.decode(recorded, type=RecordedTask)

    assert task.title == "Buy milk"


def test_list_recorded_without_times_is_decoded() -> None:
    recorded = b'{"id":"lst_1","name":"Inbox","is_default":true,"open_tasks":3}'

    assert msgspec.json.decode(recorded, type=RecordedList).is_default
