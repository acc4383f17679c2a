"""Effects of each tool on the tasks service, and its result for the model."""

import copy
import json
from typing import Any

import pytest
from agents.strict_schema import ensure_strict_json_schema
from chatkit.types import InferenceOptions, UserMessageItem, UserMessageTextContent
from run_kit import MakeContext, MakeScope, MemoryJournal
from stand_in_kit import TasksStandIn
from tools_kit import Call

from durable_chatkit.agent.run_scope import CallPosition
from offline_assistant.short_commands import is_yes
from task_tools.arguments import parameters_schema
from task_tools.specs import SPECS
from todo_agent.assistant import PROGRESS
from todochat.bus import RunLostError
from todochat.clock import utc_now


async def test_add_task_sends_only_given_arguments(call: Call, tasks: TasksStandIn) -> None:
    result = await call(
        "add_task", title="buy milk", priority="high", tags=["shop"], notes="2 l", list=None
    )

    assert tasks.effects == [
        (
            "POST",
            "/tasks",
            {"title": "buy milk", "priority": "high", "tags": ["shop"], "notes": "2 l"},
        )
    ]
    assert result["ok"]
    assert result["task"]["number"] == 1
    assert result["task"]["list"] == "Inbox"
    assert result["task"]["completed"] is False


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"due_date": "2026-11-24"}, {"date": "2026-11-24", "timezone": "Europe/Berlin"}),
        (
            {"due_at": "2026-11-24T17:00"},
            {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"},
        ),
        (
            {"due_at": "2026-07-24T17:00:00Z"},
            {"at": "2026-07-24T17:00:00Z", "timezone": "Europe/Berlin"},
        ),
        ({"due_at": "2026-11-24 5pm"}, {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"}),
        (
            {"due_at": "2026-11-24T12:05 A.M."},
            {"at": "2026-11-23T23:05:00Z", "timezone": "Europe/Berlin"},
        ),
        # A local time skipped by daylight saving time becomes one hour later.
        (
            {"due_at": "2026-03-29T02:30"},
            {"at": "2026-03-29T01:30:00Z", "timezone": "Europe/Berlin"},
        ),
    ],
)
async def test_due_date_is_in_the_users_time_zone(
    call: Call, tasks: TasksStandIn, given: dict[str, str], due: dict[str, str]
) -> None:
    await call("add_task", title="x", **given)

    assert tasks.effects[0][2]["due"] == due


@pytest.mark.parametrize(
    "due", [{"due_date": "tomorrow"}, {"due_at": "5pm"}, {"due_at": "2026-11-24 13pm"}]
)
async def test_invalid_due_date_is_returned_to_the_model(
    call: Call, tasks: TasksStandIn, due: dict[str, str]
) -> None:
    result = await call("add_task", title="x", **due)

    assert result["code"] == "invalid-arguments"
    assert tasks.effects == []


async def test_add_task_creates_a_missing_list(call: Call, tasks: TasksStandIn) -> None:
    first = await call("add_task", title="milk", list="Shopping")
    second = await call("add_task", title="eggs", list="shopping list")

    assert [entry["name"] for entry in tasks.lists.values()] == ["Inbox", "Shopping"]
    assert first["task"]["list"] == second["task"]["list"] == "Shopping"


async def test_concurrently_created_list_is_used(
    call: Call, tasks: TasksStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_read", _hiding_lists_once(tasks))
    tasks._add_list("shopping")

    result = await call("add_task", title="milk", list="Shopping")

    assert result["task"]["list"] == "shopping"


def _hiding_lists_once(tasks: TasksStandIn) -> Any:
    """The first read returns no lists, as if another call created one right after it."""
    read, looks = tasks._read, iter([True])

    def hide(path: str, query: Any) -> Any:
        if path != "/lists" or not next(looks, False):
            return read(path, query)
        kept, tasks.lists = tasks.lists, {}
        try:
            return read(path, query)
        finally:
            tasks.lists = kept

    return hide


@pytest.mark.parametrize("reference", ["2", "#2", 2, "tsk_00000000000000000000000002", "EGGS"])
async def test_task_is_resolved_by_number_id_or_words(
    call: Call, tasks: TasksStandIn, reference: str | int
) -> None:
    tasks.add("buy milk")
    tasks.add("buy eggs")

    result = await call("change_tasks", tasks=[reference], completed=True)

    (task,) = result["tasks"]
    assert task["title"] == "buy eggs"
    assert task["completed"]


async def test_ambiguous_words_return_candidates(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("buy milk")
    tasks.add("buy eggs")

    result = await call("delete_tasks", tasks=["buy"])

    assert result["code"] == "ambiguous-task"
    assert [task["number"] for task in result["candidates"]] == [1, 2]
    assert tasks.effects == []


async def test_exact_title_is_not_ambiguous(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("milk")
    tasks.add("milk chocolate")
    tasks.add("other", notes="milk")

    result = await call("delete_tasks", tasks=["Milk"])

    assert [task["title"] for task in result["tasks"]] == ["milk"]
    assert tasks.titles == ["milk chocolate", "other"]


@pytest.mark.parametrize("reference", ["99", "no such thing"])
async def test_missing_task_is_returned_to_the_model(
    call: Call, tasks: TasksStandIn, reference: str
) -> None:
    result = await call("change_tasks", tasks=[reference], completed=True)

    assert result == {"ok": False, "code": "task-not-found", "error": result["error"]}


async def test_change_has_only_the_given_fields(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("buy milk", priority="low")

    result = await call(
        "change_tasks", tasks=["1"], title="buy oat milk", list="Shopping", notes=None
    )

    assert tasks.effects[-1] == (
        "PATCH",
        "/tasks/tsk_00000000000000000000000001",
        {"title": "buy oat milk", "list_id": list(tasks.lists)[1]},
    )
    assert result["tasks"][0]["priority"] == "low"


async def test_change_can_clear_the_due_date_and_reopen(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("milk", completed_at="2026-11-01T00:00:00Z", due={"date": "2026-11-24"})
    tasks.add("milk", number=7)

    result = await call("change_tasks", tasks=["milk"], clear_due=True, completed=False)

    (task,) = result["tasks"]
    assert task == {**task, "number": 1, "due": None, "completed": False}


async def test_call_without_a_change_is_rejected(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("milk")

    assert (await call("change_tasks", tasks=["1"]))["code"] == "invalid-arguments"


async def test_found_tasks_are_filtered_and_counted(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("milk")
    tasks.add("eggs", completed_at="2026-11-01T00:00:00Z")

    result = await call("find_tasks", filter="status = completed")

    assert [task["title"] for task in result["tasks"]] == ["eggs"]
    assert result["total"] == 1


async def test_search_is_sent_in_the_users_time_zone(call: Call, tasks: TasksStandIn) -> None:
    await call("find_tasks", filter="overdue & tag = home", text="roof", sort="due", limit=3)

    query = dict(tasks.requests[0].query)
    assert query == {
        "filter": "overdue & tag = home",
        "q": "roof",
        "sort": "due",
        "limit": "3",
        "timezone": "Europe/Berlin",
    }


async def test_lists_are_created_and_listed(call: Call, tasks: TasksStandIn) -> None:
    made = await call("save_list", name="Garden")
    left = await call("find_lists")

    assert made["list"] == {"name": "Garden", "open_tasks": 0, "is_default": False}
    assert [entry["name"] for entry in left["lists"]] == ["Inbox", "Garden"]


async def test_rejection_is_returned_to_the_model(call: Call, tasks: TasksStandIn) -> None:
    tasks.failures = [422]

    result = await call("add_task", title="x")

    assert result == {"ok": False, "code": "scripted", "error": "Scripted failure."}


async def test_short_outage_is_retried(call: Call, tasks: TasksStandIn) -> None:
    tasks.failures = [503, 503, 503, 503]

    result = await call("add_task", title="x")

    assert result["ok"]
    assert tasks.keys == ["run_1:0:0"]


async def test_long_outage_is_returned_as_maybe_done(call: Call, tasks: TasksStandIn) -> None:
    tasks.failures = [503] * 100

    result = await call("add_task", title="x")

    assert result["ok"] is False
    assert result["maybe_done"] is True
    assert "Check before you do it again" in result["error"]
    assert tasks.effects == []


async def test_rejections_and_failed_reads_are_not_maybe_done(
    call: Call, tasks: TasksStandIn
) -> None:
    refused = await call("change_tasks", tasks=["999"], completed=True)
    tasks.failures = [503] * 100
    unread = await call("find_tasks")

    assert refused["ok"] is unread["ok"] is False
    assert "maybe_done" not in refused
    assert "maybe_done" not in unread


async def test_stale_attempt_loses_the_run(
    call: Call, tasks: TasksStandIn, make_context: MakeContext, make_scope: MakeScope
) -> None:
    await call("add_task", make_context(make_scope(attempt=2)), title="x")

    with pytest.raises(RunLostError):
        await call("add_task", make_context(make_scope(attempt=1)), title="y")


async def test_user_comes_from_the_run(call: Call, tasks: TasksStandIn) -> None:
    await call("find_lists")

    assert {request.path for request in tasks.requests} == {
        "/api/usr_ada/lists",
        "/api/usr_ada/sections",
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_schemas_are_strict(spec: Any) -> None:
    schema = parameters_schema(spec.arguments)

    assert ensure_strict_json_schema(copy.deepcopy(schema)) == schema
    assert "$ref" not in json.dumps(schema)


def test_there_are_twelve_tools() -> None:
    names = [spec.name for spec in SPECS]

    assert len(names) == len({*names}) == 12
    assert {*names} == PROGRESS.keys()


async def test_empty_strings_and_nulls_count_as_not_given(call: Call, tasks: TasksStandIn) -> None:
    await call("add_task", title="milk", list="", due_date="", tags=None)

    assert tasks.effects[0][2] == {"title": "milk"}


class TestPendingConfirmations:
    async def test_fourth_single_call_needs_a_confirmation(
        self, call: Call, tasks: TasksStandIn, journal: MemoryJournal
    ) -> None:
        for title in "abcde":
            tasks.add(title)

        results = [
            await call("change_tasks", tasks=[number], completed=True) for number in (1, 2, 3, 4, 5)
        ]

        assert [result["ok"] for result in results] == [True, True, True, False, False]
        assert results[3]["code"] == "waiting-for-confirmation"
        assert [task["title"] for task in tasks.tasks.values() if task["completed_at"]] == [*"abc"]
        (pending,) = tasks.pending.values()
        assert [each["number"] for each in pending["operations"]] == [4, 5]
        assert journal.has_choice("at-end")

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [
            ("delete_list", {"list": "Work"}),
            ("delete_list", {"list": "Work", "tasks": "delete"}),
            ("delete_tasks", {"tasks": [1], "ask": True}),
            ("delete_tasks", {"tasks": [1, 2]}),
            ("delete_tasks", {"filter": "title contains a"}),
            ("change_tasks", {"filter": "no due", "completed": True}),
            ("ask_to_delete", {"tasks": [1]}),
            ("change_tasks", {"tasks": [1, 2, 3, 4], "completed": True}),
            ("change_tasks", {"tasks": [1], "completed": True, "ask": True}),
            ("restore_tasks", {"tasks": [5, 6, 7, 8]}),
        ],
    )
    async def test_no_tool_bypasses_the_limit(
        self, call: Call, tasks: TasksStandIn, tool: str, arguments: dict[str, Any]
    ) -> None:
        tasks._add_list("Work")
        for title in "abcdefgh":
            tasks.add(title)
        for task_id in list(tasks.tasks)[4:]:
            tasks.deleted[task_id] = tasks.tasks.pop(task_id)

        result = await call(tool, **arguments)

        assert result["code"] == "waiting-for-confirmation"
        assert tasks.titles == [*"abcd"]
        assert len(tasks.lists) == 2
        assert not any(task["completed_at"] for task in tasks.tasks.values())

    @pytest.mark.parametrize("extra", [{"confirmed": True}, {"confirm": "yes"}, {"force": True}])
    async def test_no_argument_confirms(
        self, call: Call, tasks: TasksStandIn, extra: dict[str, Any]
    ) -> None:
        for title in "abcd":
            tasks.add(title)

        result = await call("change_tasks", tasks=[1, 2, 3, 4], completed=True, **extra)

        assert result["code"] == "invalid-arguments"
        assert tasks.effects == []

    async def test_second_attempt_holds_operations_once(
        self, call: Call, tasks: TasksStandIn, make_context: MakeContext, make_scope: MakeScope
    ) -> None:
        for title in "abcd":
            tasks.add(title)
        place = CallPosition(7, 0)
        for attempt in (1, 2):
            context = make_context(make_scope(attempt=attempt))
            await call("change_tasks", context, place, tasks=[1, 2, 3, 4], completed=True)

        (pending,) = tasks.pending.values()
        assert len(pending["operations"]) == 4

    async def test_moved_tasks_keep_their_time_of_day(
        self, call: Call, tasks: TasksStandIn
    ) -> None:
        tasks.add("a", due={"at": "2026-11-23T16:00:00Z", "timezone": "Europe/Berlin"})
        tasks.add("b", due={"date": "2026-11-23", "timezone": "Europe/Berlin"})

        await call("change_tasks", tasks=[1, 2], due_date="2026-11-24")
        await call("change_tasks", tasks=[1], due_date="2026-11-25")

        dues = [task["due"] for task in tasks.tasks.values()]
        assert dues == [
            {"at": "2026-11-25T16:00:00Z", "timezone": "Europe/Berlin"},
            {"date": "2026-11-24", "timezone": "Europe/Berlin"},
        ]

    async def test_clear_due_with_a_day_removes_the_time(
        self, call: Call, tasks: TasksStandIn
    ) -> None:
        tasks.add("a", due={"at": "2026-11-23T16:00:00Z", "timezone": "Europe/Berlin"})

        await call("change_tasks", tasks=[1], due_date="2026-11-24", clear_due=True)

        assert tasks.tasks["tsk_" + "0" * 25 + "1"]["due"]["date"] == "2026-11-24"

    async def test_tags_are_added_to_existing_tags(self, call: Call, tasks: TasksStandIn) -> None:
        tasks.add("a", tags=["x", "y"])

        await call("change_tasks", tasks=[1], add_tags=["z"], drop_tags=["X"])

        assert tasks.effects[-1][2] == {"tags": ["y", "z"]}

    @pytest.mark.parametrize(
        "message", [None, "yes, but not the first", "delete them", "yes?", "no", "confirm nothing"]
    )
    async def test_only_the_users_plain_yes_confirms(
        self, call: Call, tasks: TasksStandIn, make_context: MakeContext, message: str | None
    ) -> None:
        context = make_context()
        context.message = None if message is None else said(message)

        result = await call("answer_pending", context, confirm=True)

        assert result["code"] == "invalid-arguments"
        assert tasks.effects == []


def said(text: str) -> UserMessageItem:
    return UserMessageItem(
        id="msg_2",
        thread_id="thr_1",
        created_at=utc_now(),
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(),
    )


@pytest.mark.parametrize(
    "text", ["yes", "Yes, please!", "ok do it", "sure", "go ahead", "y", "OK."]
)
def test_plain_yes_is_recognized(text: str) -> None:
    assert is_yes(text)


@pytest.mark.parametrize(
    "text", ["", "yes but", "yes?", "no", "thanks", "yes no", "yesterday", "y" * 100, "yes " * 50]
)
def test_other_texts_are_no_plain_yes(text: str) -> None:
    assert not is_yes(text)
