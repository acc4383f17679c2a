"""The tools on the real tasks service: what a model asks for is what is stored."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from host_kit import BERLIN, ToolUser

from task_tools.specs import SPECS
from task_tools.tool_spec import AnsweredPending, FoundTasks

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAITS = "waiting-for-confirmation"


def tomorrow() -> str:
    return (datetime.now(BERLIN) + timedelta(days=1)).date().isoformat()


async def test_task_has_every_argument(user: ToolUser) -> None:
    made = await user.call(
        "add_task",
        title="move house",
        list="Home",
        section="Big things",
        priority="high",
        due_at=f"{tomorrow()}T17:00",
        start=tomorrow(),
        duration_minutes=90,
        reminders=[30, "1440", f"{tomorrow()}T08:00"],
        tags=["family"],
        notes="with Ann",
        pinned=True,
        subtasks=["pack boxes", "rent a van"],
    )

    task = made["task"]
    assert (task["list"], task["section"], task["pinned"]) == ("Home", "Big things", True)
    assert (task["start"]["date"], task["duration_minutes"]) == (tomorrow(), 90)
    assert [each for each in task["reminders"] if isinstance(each, int)] == [30, 1440]
    assert len(task["reminders"]) == 3
    assert [each["title"] for each in made["subtasks"]] == ["pack boxes", "rent a van"]
    assert (await user.stored(1))["subtasks"] == {"total": 2, "open": 2}
    assert (await user.stored(2))["parent_id"] == task["id"]


@pytest.mark.parametrize(
    ("repeat", "rule"),
    [
        ("every second tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
        ("every monday at 7", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ("rrule:freq=daily;interval=3", "FREQ=DAILY;INTERVAL=3"),
    ],
)
async def test_repetition_is_given_in_words_or_as_a_rule(
    user: ToolUser, repeat: str, rule: str
) -> None:
    due = {} if "every" in repeat else {"due_date": tomorrow()}

    made = await user.call("add_task", title="gym", repeat=repeat, **due)

    assert made["task"]["repeat"]["rule"] == rule
    assert made["task"]["due"] is not None


async def test_words_that_are_no_repetition_are_returned_to_the_model(user: ToolUser) -> None:
    result = await user.call("add_task", title="gym", repeat="once in a blue moon")

    assert result["code"] == "invalid-arguments"
    assert 'like "every monday at 9"' in result["error"]
    assert (await user.call("find_tasks"))["total"] == 0


async def test_one_call_changes_every_field(user: ToolUser) -> None:
    await user.call("add_task", title="parent")
    await user.call("add_task", title="gym", due_date=tomorrow(), tags=["a"], reminders=[5])

    changed = await user.call(
        "change_tasks",
        tasks=["gym"],
        title="go to the gym",
        repeat="every week",
        start="none",
        reminders=[],
        add_tags=["b"],
        drop_tags=["A"],
        pinned=True,
        duration_minutes=45,
        parent=1,
    )

    (task,) = changed["tasks"]
    assert task["title"] == "go to the gym"
    assert (task["repeat"]["rule"], task["tags"], task["pinned"]) == ("FREQ=WEEKLY", ["b"], True)
    assert "reminders" not in task
    assert task["parent"] == (await user.stored(1))["id"]
    freed = await user.call("change_tasks", tasks=[2], parent="none", clear_repeat=True)
    assert {"parent", "repeat"}.isdisjoint(freed["tasks"][0])


async def test_section_is_one_of_the_tasks_own_list(user: ToolUser) -> None:
    await user.call("add_task", title="rolls", list="Shopping")
    await user.call("add_task", title="butter", list="Shopping", section="Dairy")

    moved = await user.call("change_tasks", tasks=["rolls"], section="dairy")
    out = await user.call("change_tasks", tasks=["butter"], section="none")

    lists = {entry["name"]: entry for entry in (await user.call("find_lists"))["lists"]}
    assert (moved["tasks"][0]["list"], moved["tasks"][0]["section"]) == ("Shopping", "Dairy")
    assert "section" not in out["tasks"][0]
    assert lists["Shopping"]["sections"] == ["Dairy"]


async def test_section_of_an_archived_list_is_found_again(user: ToolUser) -> None:
    await user.call("add_task", title="butter", list="Shopping", section="Dairy")
    await user.call("add_task", title="cream", list="Shopping")
    await user.call("save_list", list="Shopping", archived=True)

    moved = await user.call("change_tasks", tasks=[2], section="dairy")

    assert moved["tasks"][0]["section"] == "Dairy"
    assert (await user.stored(1))["section_id"] == (await user.stored(2))["section_id"]


@pytest.mark.parametrize(
    ("filter_text", "code", "hint"),
    [
        ("due < soonish", "invalid-filter", "Column 7"),
        ("prio = high", "invalid-filter", "Correct the filter"),
        ("list = Holidays", "list-not-found", "no list with this name"),
    ],
)
async def test_filter_that_is_not_understood_is_explained(
    user: ToolUser, filter_text: str, code: str, hint: str
) -> None:
    found = await user.call("find_tasks", filter=filter_text)
    changed = await user.call("change_tasks", filter=filter_text, completed=True)

    assert found["code"] == changed["code"] == code
    assert hint in found["error"]
    assert found.get("lists", ["Inbox"]) == ["Inbox"]


async def test_search_is_paged(user: ToolUser) -> None:
    for number in range(5):
        await user.call("add_task", title=f"task {number}")

    first = await user.call("find_tasks", filter="no due", limit=2)
    view = user.last.view
    second = await user.call("find_tasks", filter="no due", limit=2, cursor=first["next_cursor"])

    assert isinstance(view, FoundTasks)
    assert (view.total, view.next_cursor) == (5, first["next_cursor"])
    titles = [task["title"] for page in (first, second) for task in page["tasks"]]
    assert titles == ["task 0", "task 1", "task 2", "task 3"]
    assert second["total"] == 5


class TestScope:
    async def test_filter_changes_exactly_the_tasks_that_it_selects(self, user: ToolUser) -> None:
        await user.call("add_task", title="today", due_date=datetime.now(BERLIN).date().isoformat())
        await user.call("add_task", title="later", due_date=tomorrow())
        user.begin_turn()

        changed = await user.call("change_tasks", filter="due = today", completed=True)

        assert [task["title"] for task in changed["tasks"]] == ["today"]
        assert (await user.call("find_tasks"))["tasks"][0]["title"] == "later"

    async def test_filter_that_selects_more_than_three_waits(self, user: ToolUser) -> None:
        for number in range(4):
            await user.call("add_task", title=f"task {number}")
        user.begin_turn()

        held = await user.call("change_tasks", filter="no due", due_date=tomorrow())
        early = await user.call("answer_pending", confirm=True)
        user.begin_turn("yes")
        done = await user.call("answer_pending", confirm=True)

        assert held["code"] == WAITS
        assert early["code"] == "invalid-arguments"
        assert len(done["changed"]) == 4
        assert isinstance(user.last.view, AnsweredPending)
        assert (await user.stored(4))["due"]["date"] == tomorrow()

    async def test_filter_without_a_match_changes_nothing(self, user: ToolUser) -> None:
        result = await user.call("delete_tasks", filter="overdue")

        assert result["code"] == "no-task-matches"

    async def test_one_named_task_is_deleted_and_a_filter_waits(self, user: ToolUser) -> None:
        await user.call("add_task", title="a")
        await user.call("add_task", title="b")
        user.begin_turn()

        deleted = await user.call("delete_tasks", tasks=["a"])
        waits = await user.call("delete_tasks", filter="no due")
        restored = await user.call("restore_tasks", tasks=[1])

        assert deleted["ok"]
        assert waits["code"] == WAITS
        assert [task["title"] for task in restored["tasks"]] == ["a"]

    @pytest.mark.parametrize("given", [{}, {"tasks": [1], "filter": "overdue"}])
    async def test_target_is_either_named_or_filtered(
        self, user: ToolUser, given: dict[str, Any]
    ) -> None:
        result = await user.call("change_tasks", completed=True, **given)

        assert result == {
            "ok": False,
            "code": "invalid-arguments",
            "error": "give either tasks or filter",
        }

    async def test_title_is_that_of_one_task(self, user: ToolUser) -> None:
        await user.call("add_task", title="a")
        await user.call("add_task", title="b")

        result = await user.call("change_tasks", tasks=[1, 2], title="c")

        assert result["code"] == "invalid-arguments"

    async def test_open_subtasks_are_named_as_the_reason(self, user: ToolUser) -> None:
        await user.call("add_task", title="move", subtasks=["pack"])

        refused = await user.call("change_tasks", tasks=[1], completed=True)
        both = await user.call("change_tasks", tasks=[2, 1], completed=True)

        assert refused["code"] == "open-subtasks"
        assert "Ask the user" in refused["error"]
        assert [task["completed"] for task in both["tasks"]] == [True, True]


class TestLists:
    async def test_list_gets_a_color_and_is_archived(self, user: ToolUser) -> None:
        made = await user.call("save_list", name="Garden", color="green", icon="leaf")
        renamed = await user.call("save_list", list="garden", name="Yard")
        hidden = await user.call("save_list", list="Yard", archived=True)
        shown = await user.call("save_list", list="Yard", archived=False)

        assert made["list"]["color"] == "green"
        assert renamed["list"]["icon"] == "leaf"
        assert hidden["list"]["archived"] is True
        assert "archived" not in shown["list"]

    async def test_new_list_needs_a_name(self, user: ToolUser) -> None:
        assert (await user.call("save_list", color="red"))["code"] == "invalid-arguments"
        assert (await user.call("save_list", list="Inbox"))["code"] == "invalid-arguments"


class TestPlans:
    async def test_plan_is_accepted_with_a_yes(self, user: ToolUser) -> None:
        await user.call("add_task", title="report")
        await user.call("add_task", title="call mom")
        user.begin_turn()

        held = await user.call(
            "plan_day",
            day=tomorrow(),
            entries=[
                {"task": 2, "at": "10:00", "minutes": 15},
                {"task": "report", "at": "9:00", "minutes": 60},
            ],
        )
        before = await user.stored(1)
        user.begin_turn("yes")
        await user.call("answer_pending", confirm=True)

        after = await user.stored(1)
        assert held["code"] == WAITS
        assert before["start"] is None
        start = datetime.fromisoformat(after["start"]["at"]).astimezone(BERLIN)
        assert (start.hour, start.date().isoformat()) == (9, tomorrow())
        assert after["duration_minutes"] == 60
        assert after["due"] is None

    @pytest.mark.parametrize(
        ("day", "entries", "problem"),
        [
            (None, [("1", "25:00", 5)], "$.entries[0].at"),
            ("2020-01-01", [("1", "9:00", 5)], "has passed"),
            ("tomorrow", [("1", "9:00", 5)], "not a date"),
            ("9999-12-31", [("1", "23:59", 5), ("2", "9:00", 5)], "after the year 2999"),
            ("2999-01-01", [("1", "9:00", 61), ("2", "10:00", 5)], "isn't finished at 10:00"),
            ("2999-01-01", [("1", "9:00", 5), ("a", "10:00", 5)], "in the plan once"),
        ],
    )
    async def test_impossible_plan_is_returned_to_the_model(
        self, user: ToolUser, day: str | None, entries: list[Any], problem: str
    ) -> None:
        await user.call("add_task", title="a")
        await user.call("add_task", title="b")
        planned = [{"task": task, "at": at, "minutes": m} for task, at, m in entries]

        result = await user.call("plan_day", day=day, entries=planned)

        assert result["code"] == "invalid-arguments"
        assert problem in result["error"]


async def test_undo_reverts_the_last_turn(user: ToolUser) -> None:
    user.begin_turn()
    await user.call("add_task", title="a", list="New", subtasks=["b"])
    user.begin_turn("undo")

    undone = await user.call("undo")

    assert undone["ok"]
    assert (await user.call("find_tasks"))["total"] == 0


async def test_annotations_name_what_only_reads_and_what_destroys() -> None:
    reads = {spec.name for spec in SPECS if not spec.changes}
    destroys = {spec.name for spec in SPECS if spec.is_destructive}

    assert reads == {"find_tasks", "find_lists", "show_task"}
    assert destroys == {"change_tasks", "delete_tasks", "undo", "answer_pending", "delete_list"}
