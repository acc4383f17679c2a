"""Dialogues of several messages: references such as "it", and replies to questions."""

import json

import pytest
from offline_kit import FakeTodo, FakeUser, MakeFakeUser, make_clock

from offline_assistant.model import decide
from offline_assistant.prompts import Prompt, find_prompt


def test_it_refers_to_the_last_mentioned_task(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add buy milk")
    user.send("add call mom")

    user.send("complete it")
    user.send("make it urgent")
    user.send("move it to friday")

    assert [task["completed"] for task in todo.tasks.values()] == [False, True]
    assert todo.tasks[2]["priority"] == "high"
    assert todo.tasks[2]["due"]["date"] == "2026-11-27"


def test_positions_refer_to_the_shown_tasks(user: FakeUser, todo: FakeTodo) -> None:
    todo.add("one", "two", "three")
    user.send("show my tasks")

    user.send("complete the last one")
    user.send("show my tasks")
    user.send("complete the second one")

    assert [task["completed"] for task in todo.tasks.values()] == [False, True, True]


def test_it_never_refers_to_a_deleted_task(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add walk")
    user.send("add swim")
    user.send("delete it")

    reply = user.send("complete it")

    assert reply.endswith("Say its number.")
    assert todo.titles == ["walk"]
    assert not todo.tasks[1]["completed"]


def test_it_after_several_tasks_asks_which_one(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add milk and eggs to my shopping list")

    reply = user.send("delete it")

    assert "#1, #2" in reply
    assert todo.titles == ["milk", "eggs"]


def test_time_alone_needs_the_day_of_more_than_three_numbered_tasks(
    user: FakeUser, todo: FakeTodo
) -> None:
    todo.add("one", "two", "three", "four")

    reply = user.send("move 1, 2, 3 and 4 to 10am")

    assert reply == "Say the day of the new time, too. Nothing was changed."
    assert not any(task["due"] for task in todo.tasks.values())


class TestDeletingMany:
    @pytest.fixture
    def waiting_user(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.add("one", "two", completed=True)
        todo.add("three")
        reply = user.send("delete all done ones")
        assert "these 2 tasks" in reply
        return user

    def test_nothing_is_deleted_before_confirmation(
        self, waiting_user: FakeUser, todo: FakeTodo
    ) -> None:
        assert todo.titles == ["one", "two", "three"]

    @pytest.mark.parametrize("yes", ["yes", "Yes, please!", "ok do it", "sure", "go ahead", "y"])
    def test_yes_deletes_only_the_shown_tasks(
        self, waiting_user: FakeUser, todo: FakeTodo, yes: str
    ) -> None:
        todo.add("four", completed=True)

        waiting_user.send(yes)

        assert todo.titles == ["three", "four"]

    @pytest.mark.parametrize(
        "other",
        [
            "no",
            "no thanks",
            "never mind",
            "yes, but not the first",
            "yes?",
            "hello",
            "is that safe? yes",
        ],
    )
    def test_other_replies_delete_nothing(
        self, waiting_user: FakeUser, todo: FakeTodo, other: str
    ) -> None:
        waiting_user.send(other)

        assert todo.titles == ["one", "two", "three"]

    def test_yes_confirms_only_the_previous_turn(
        self, waiting_user: FakeUser, todo: FakeTodo
    ) -> None:
        waiting_user.send("what's due today?")

        waiting_user.send("yes")

        assert todo.titles == ["one", "two", "three"]

    def test_task_added_in_the_same_message_is_kept(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two", completed=True)
        user.send("add three. delete all done ones")

        user.send("yes")

        assert todo.titles == ["three"]

    def test_deleting_two_numbers_needs_confirmation(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two", "three")
        reply = user.send("delete 1 and 3")
        assert "**one**" in reply

        user.send("yes")

        assert todo.titles == ["two"]

    def test_confirmation_lists_all_sixty_tasks(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add(*(f"task {i}" for i in range(60)), completed=True)
        reply = user.send("delete all done ones")
        assert "#60" in reply

        user.send("yes")

        assert todo.titles == []


class TestChoosingATask:
    @pytest.fixture
    def waiting_user(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.add("buy oat milk", "buy soy milk", "walk")
        reply = user.send("I bought the milk")
        assert "Which one" in reply
        return user

    @pytest.mark.parametrize(
        "choice", ["2", "#2", "the second one", "the last one", "soy", "the soy milk"]
    )
    def test_number_position_or_words_choose_a_task(
        self, waiting_user: FakeUser, todo: FakeTodo, choice: str
    ) -> None:
        waiting_user.send(choice)

        assert [number for number, task in todo.tasks.items() if task["completed"]] == [2]

    def test_both_chooses_all_candidates(self, waiting_user: FakeUser, todo: FakeTodo) -> None:
        waiting_user.send("both")

        assert [number for number, task in todo.tasks.items() if task["completed"]] == [1, 2]

    def test_another_command_replaces_the_question(
        self, waiting_user: FakeUser, todo: FakeTodo
    ) -> None:
        waiting_user.send("add bread")

        assert [name for name, _ in todo.changes] == ["add_task"]

    def test_never_mind_cancels_the_question(self, waiting_user: FakeUser, todo: FakeTodo) -> None:
        waiting_user.send("never mind")

        assert todo.changes == []


class TestMissingDetails:
    def test_title_is_combined_with_earlier_details(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("set a reminder for tomorrow at 5pm")

        user.send("to call Bob")

        assert todo.tasks[1]["title"] == "call Bob"
        assert todo.tasks[1]["due"]["at"] == "2026-11-24T16:00:00Z"

    def test_several_titles_are_added_to_the_named_list(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        user.send("add to my shopping list")

        user.send("milk, eggs and bread")

        assert [(task["title"], task["list"]) for task in todo.tasks.values()] == [
            ("milk", "shopping"),
            ("eggs", "shopping"),
            ("bread", "shopping"),
        ]

    def test_reply_names_the_new_list(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("create a new list")

        user.send("call it Groceries")

        assert todo.lists == ["Inbox", "Groceries"]

    def test_replies_set_new_title_and_date(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add call Ann")
        user.send("rename it")
        user.send("call Ann and Bob")
        user.send("postpone 1")
        user.send("to friday at noon")

        assert todo.tasks[1]["title"] == "call Ann and Bob"
        assert todo.tasks[1]["due"]["at"] == "2026-11-27T11:00:00Z"

    def test_question_is_not_used_as_title(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add item")

        user.send("what's due today?")

        assert todo.changes == []


class TestOffers:
    @pytest.mark.parametrize("yes", ["yes", "yes please", "ok", "add it"])
    def test_yes_adds_the_offered_task(self, user: FakeUser, todo: FakeTodo, yes: str) -> None:
        reply = user.send("lunch with Ann on friday")
        assert todo.changes == []
        assert "Shall I add **lunch with Ann**?" in reply

        user.send(yes)

        assert todo.tasks[1]["title"] == "lunch with Ann"
        assert todo.tasks[1]["due"]["date"] == "2026-11-27"

    def test_no_adds_nothing(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("we need milk")

        user.send("no")

        assert todo.changes == []


class TestLists:
    def test_confirmed_list_deletion_keeps_its_tasks(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add milk to my shopping list")
        reply = user.send("delete the shopping list")
        assert "1 open task" in reply
        assert todo.lists == ["Inbox", "shopping"]

        user.send("yes")

        assert todo.lists == ["Inbox"]
        assert todo.titles == ["milk"]

    def test_deleting_an_empty_list_needs_confirmation(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        user.send("create a list called Garden")
        user.send("delete the garden list")
        assert todo.lists == ["Inbox", "Garden"]

        user.send("yes")

        assert todo.lists == ["Inbox"]

    def test_list_is_found_by_similar_name(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("milk", list="Groceries")

        reply = user.send("what's on my grocery list?")

        assert "#1 **milk**" in reply

    def test_unknown_list_is_reported(self, user: FakeUser) -> None:
        assert "no list called **unicorn**" in user.send("what's on my unicorn list?")


class TestUndo:
    def test_undo_reopens_completed_tasks(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two")
        user.send("complete 1 and 2")

        user.send("undo")

        assert [task["completed"] for task in todo.tasks.values()] == [False, False]

    def test_undo_removes_added_task(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add milk")

        user.send("undo that")

        assert todo.titles == []

    def test_undo_restores_deleted_tasks(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two", "three")
        user.send("delete 1 and 3")
        user.send("yes")

        reply = user.send("undo")

        assert "Undone, 2 changes" in reply
        assert sorted(todo.titles) == ["one", "three", "two"]

    def test_second_undo_reverts_the_earlier_turn(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one")
        user.send("rename 1 to two")
        user.send("rename 1 to three")
        user.send("undo")
        assert todo.titles == ["two"]

        user.send("undo")

        assert todo.titles == ["one"]

    @pytest.mark.parametrize(
        "command",
        [
            "move 1 to friday",
            "rename 1 to other",
            "note for 1: call back",
            "move 1 to the work list",
            "tag 1 with home",
            "make 1 urgent",
            "1 has no due date",
            "delete 1",
            "complete 1",
        ],
    )
    def test_undo_reverts_any_kind_of_change(
        self, user: FakeUser, todo: FakeTodo, command: str
    ) -> None:
        todo.add("one", due_date="2026-11-23")
        before = json.dumps(todo.tasks)
        user.send(command)
        assert json.dumps(todo.tasks) != before

        user.send("undo")

        assert json.dumps(todo.tasks) == before

    def test_undo_without_changes_reports_nothing_to_undo(self, user: FakeUser) -> None:
        assert user.send("undo") == "There is nothing to undo in this conversation."

    def test_undo_conflict_names_the_task(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.failing["undo"] = ("undo-conflict", 'Nothing was undone: "milk" changed since.')

        assert 'nothing was undone: "milk" changed since.' in user.send("undo")


class TestClicks:
    """Actions of the user in a widget between two messages."""

    def test_undo_reverts_the_latest_click(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two")
        user.send("complete 1")
        user.click("change_tasks", tasks=["2"], completed=True)

        user.send("undo that")

        assert [task["completed"] for task in todo.tasks.values()] == [True, False]

    def test_undo_completes_a_task_reopened_by_click(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", completed=True)
        user.send("hello")
        user.click("change_tasks", tasks=["1"], completed=False)

        user.send("undo")

        assert todo.tasks[1]["completed"] is True

    def test_undo_restores_a_task_deleted_by_click(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one")
        user.send("show my tasks")
        user.click("delete_tasks", tasks=["1"])

        assert "Undone: #1 **one**" in user.send("undo")
        assert todo.titles == ["one"]

    def test_it_refers_to_the_clicked_task(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two")
        user.send("complete 1")
        user.click("change_tasks", tasks=["2"], completed=True)

        user.send("rename it to deux")

        assert todo.titles == ["one", "deux"]

    def test_undo_reverts_an_edit_by_click(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one")
        user.send("show my tasks")
        user.click("change_tasks", tasks=["1"], title="uno")

        user.send("undo")

        assert todo.titles == ["one"]

    def test_click_is_not_an_output_of_the_pending_message(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        todo.add("one", "two")
        user.history.append({"role": "user", "content": "complete 1"})
        user.click("change_tasks", tasks=["2"], completed=True)

        step = decide(user.history, user.clock)

        assert [call.arguments for call in step.calls] == [{"tasks": ["1"], "completed": True}]


class TestBulkChanges:
    """Changes of many tasks need a confirmation, and apply only to the selected ones."""

    @pytest.fixture
    def busy(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.add("today one", "today two", due_date="2026-11-23")
        todo.add("today three", due_at="2026-11-23T17:00")
        todo.add("tomorrow", due_date="2026-11-24")
        todo.add("someday")
        todo.add("report", list="work", due_date="2026-11-25")
        return user

    @pytest.mark.parametrize(
        "sentence",
        [
            "push everything from today to tomorrow",
            "move everything due today to tomorrow",
            "move all of today's tasks to tomorrow",
            "postpone today's tasks until tomorrow",
            "reschedule all tasks due today to tomorrow",
            "shift everything for today to tomorrow",
            "push all my tasks from today to tomorrow",
            "move everything on today's schedule to tomorrow",
            "push everything that is due today to tomorrow please",
            "move all tasks for today to tomorrow",
            "move today's tasks to tomorrow",
            "push today's stuff to tomorrow",
            "can you push everything from today to tomorrow",
            "delay everything due today until tomorrow",
        ],
    )
    def test_confirmed_move_of_todays_tasks_keeps_their_times(
        self, busy: FakeUser, todo: FakeTodo, sentence: str
    ) -> None:
        before = json.dumps(todo.tasks)
        reply = busy.send(sentence)
        assert json.dumps(todo.tasks) == before
        assert reply.startswith("Move these 3 tasks to tomorrow")
        assert "**today one**" in reply

        busy.send("yes")

        moved = {"date": "2026-11-24", "timezone": "Europe/Berlin"}
        dues = [task["due"] for task in todo.tasks.values()]
        at = {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"}
        assert dues == [moved, moved, at, moved, None, {**moved, "date": "2026-11-25"}]
        busy.send("undo")
        assert json.dumps(todo.tasks) == before

    @pytest.mark.parametrize(
        ("sentence", "numbers"),
        [
            ("complete everything due today", "1 2 3"),
            ("complete all tasks due today", "1 2 3"),
            ("mark all of today's tasks as done", "1 2 3"),
            ("delete everything due today", "1 2 3"),
            ("delete everything from today", "1 2 3"),
            ("delete today's tasks", "1 2 3"),
            ("clear my day", "1 2 3"),
            ("delete everything due tomorrow", "4"),
            ("clear my schedule for today", "1 2 3"),
            ("remove the due date of everything due today", "1 2 3"),
            ("make everything due today urgent", "1 2 3"),
            ("tag everything due today with rush", "1 2 3"),
            ("move everything due today to the work list", "1 2 3"),
            ("delete everything in the work list", "6"),
            ("delete all tasks in my work list", "6"),
            ("clear my work list", "6"),
            ("delete everything due this week", "1 2 3 4 6"),
            ("clear my week", "1 2 3 4 6"),
            ("delete all my tasks", "1 2 3 4 5 6"),
            ("move everything to friday", "1 2 3 4 5 6"),
            ("complete 1, 2, 3 and 4", "1 2 3 4"),
            ("move 1, 2, 3, 4 to friday", "1 2 3 4"),
        ],
    )
    def test_confirmation_covers_only_the_selected_tasks(
        self, busy: FakeUser, todo: FakeTodo, sentence: str, numbers: str
    ) -> None:
        before = json.dumps(todo.tasks)

        reply = busy.send(sentence)

        if json.dumps(todo.tasks) == before:
            ((_, held),) = todo.waiting
            assert held["tasks"] == numbers.split()
            assert find_prompt(reply) is Prompt.CONFIRM
        else:  # a single named task needs no confirmation
            assert len(numbers.split()) == 1

    @pytest.mark.parametrize(
        "sentence",
        [
            "push everything from the offsite to tomorrow",
            "move everything from yesterday's meeting to tomorrow",
            "delete everything except milk",
            "delete everything but the report",
            "complete everything that isn't urgent",
            "delete all non-urgent tasks",
            "delete everything after 5pm",
            "delete everything at 5pm",
            "complete everything without a date",
            "move everything older than a month to tomorrow",
            "delete everything from Bob",
            "delete everything assigned to me",
            "complete everything due soon",
            "push everything from my unicorn list to tomorrow",
            "move everything due next quarter to tomorrow",
            "delete everything with the color red",
            "delete everything i added by mistake",
            "complete everything due before lunch",
            "reschedule everything overdue since spring to tomorrow",
            "delete all tasks starting with t",
            "move everything not due today to tomorrow",
            "move everything due today or overdue to tomorrow",
            "delete everything in work and home lists",
        ],
    )
    def test_unknown_filter_never_widens_the_selection(
        self, busy: FakeUser, todo: FakeTodo, sentence: str
    ) -> None:
        before = json.dumps(todo.tasks)

        busy.send(sentence)

        assert json.dumps(todo.tasks) == before
        numbers = [number for _, held in todo.waiting for number in held.get("tasks", ())]
        assert len(numbers) < 4, numbers

    def test_later_yes_after_no_changes_nothing(self, busy: FakeUser, todo: FakeTodo) -> None:
        before = json.dumps(todo.tasks)
        busy.send("complete all my tasks")
        busy.send("no")

        busy.send("yes")

        assert json.dumps(todo.tasks) == before

    def test_reply_mentions_tasks_beyond_the_limit(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add(*(f"task {number}" for number in range(201)))

        reply = user.send("complete all my tasks")

        assert reply.startswith("Mark these 200 tasks as done?")
        assert "More tasks match" in reply

    def test_fourth_task_in_one_message_needs_confirmation(
        self, busy: FakeUser, todo: FakeTodo
    ) -> None:
        reply = busy.send("complete 1 and 2. complete 3 and 4")
        assert "Not changed yet: #4" in reply
        assert not todo.tasks[4]["completed"]

        busy.send("yes")

        assert todo.tasks[4]["completed"]


class TestBulkDeletion:
    def test_bulk_deletion_shows_card_and_asks(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "two")

        reply = user.send("delete all my tasks")

        assert reply.startswith("Delete these 2 tasks?")
        assert ("delete_tasks", {"tasks": ["1", "2"], "ask": True}) in todo.calls
        assert todo.titles == ["one", "two"]


class TestPlanningADay:
    @pytest.fixture
    def planning_user(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.add("late", due_date="2026-11-20", duration_minutes=50)
        todo.add("urgent", due_date="2026-11-23", priority="high", duration_minutes=60)
        todo.add("report", due_date="2026-11-23")
        todo.add("another day", due_date="2026-11-24")
        return user

    def test_plan_starts_at_the_next_quarter_and_waits(
        self, planning_user: FakeUser, todo: FakeTodo
    ) -> None:
        reply = planning_user.send("plan my day")

        assert "- 09:30: #1 **late** (50 minutes)" in reply
        assert "- 10:30: #2 **urgent** (1 hour)" in reply
        assert "- 11:30: #3 **report** (30 minutes)" in reply
        assert "another day" not in reply
        assert not any("start" in task for task in todo.tasks.values())

        planning_user.send("yes")

        starts = [task.get("start") for task in todo.tasks.values()]
        assert starts == ["09:30", "10:30", "11:30", None]

    def test_plan_that_is_refused_changes_nothing(
        self, planning_user: FakeUser, todo: FakeTodo
    ) -> None:
        planning_user.send("plan my day")

        planning_user.send("no")

        assert not any("start" in task for task in todo.tasks.values())

    def test_what_does_not_fit_before_midnight_is_named(self, todo: FakeTodo) -> None:
        todo.add("long", due_date="2026-11-23", duration_minutes=240)
        todo.add("short", due_date="2026-11-23", duration_minutes=45)
        late = FakeUser(todo, make_clock("2026-11-23T22:50"))

        reply = late.send("plan my day")

        assert "- 23:00: #2 **short**" in reply
        assert "1 more don't fit" in reply

    def test_empty_day_needs_no_plan(self, user: FakeUser) -> None:
        assert "nothing to plan" in user.send("plan my day")


class TestReplies:
    def test_next_task_is_the_overdue_one(self, make_user: MakeFakeUser) -> None:
        reply = make_user().send("what should I do next?")

        assert "#3 **pay rent**, overdue" in reply

    def test_repetition_is_part_of_the_reply(self, user: FakeUser) -> None:
        reply = user.send("add water plants every other tuesday at 9")

        assert reply == (
            "Added #1 **water plants**, due tomorrow (Tuesday 24 November) at 09:00, "
            "every 2 weeks on Tuesday."
        )

    def test_repetition_without_a_rule_gets_a_question(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        reply = user.send("add a recurring task to water the plants")

        assert "how often" in reply
        user.send("repeat it every week")
        assert todo.tasks[1]["repeat"] == {"rule": "FREQ=WEEKLY"}

    def test_reminder_of_a_task_without_a_date_is_explained(self, user: FakeUser) -> None:
        assert "It has no date" in user.send("remind me to call Ann")

    def test_reminder_before_it_is_that_of_the_last_task(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        user.send("add dentist tomorrow at 3pm")

        reply = user.send("remind me half an hour before")

        assert todo.tasks[1]["reminders"] == [30]
        assert "reminder 30 minutes before" in reply

    def test_times_use_the_locales_format(self, make_user: MakeFakeUser) -> None:
        american = make_user("2026-11-23T09:30", "America/New_York", "en-US")

        reply = american.send("add lunch tomorrow at 1pm")

        assert "tomorrow (Tuesday, November 24) at 1 PM" in reply

    @pytest.mark.parametrize(
        ("code", "error", "explanation"),
        [
            (
                "unavailable",
                "The tasks service can't be reached.",
                "the tasks service can't be reached",
            ),
            ("invalid-input", "title: too long", "title: too long"),
            ("tool-failed", "", "something went wrong"),
        ],
    )
    def test_tool_error_is_explained(
        self, user: FakeUser, todo: FakeTodo, code: str, error: str, explanation: str
    ) -> None:
        todo.failing["add_task"] = (code, error)

        assert user.send("add milk") == f"I couldn't add **milk**: {explanation}."

    def test_missing_task_is_reported(self, user: FakeUser) -> None:
        assert user.send("complete 9") == "I couldn't complete #9: there is no task #9."

    def test_partial_failure_is_reported_per_task(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("one", "three")

        reply = user.send("complete 1, 2 and 7")

        assert "#1 **one**" in reply
        assert "no task #7" in reply

    def test_completed_task_is_not_completed_again(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.add("send invoice", completed=True)

        assert "is already done" in user.send("complete the invoice")
        assert todo.changes == []
