"""Several messages one after the other: what "it" is, and what a yes is a yes to."""

import json

import pytest
from offline_kit import FakeTodo, FakeUser, MakeFakeUser

from offline_assistant.model import decide
from offline_assistant.prompts import Prompt, find_prompt


def test_it_is_the_task_that_was_spoken_of_last(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add buy milk")
    user.send("add call mom")

    user.send("complete it")
    user.send("make it urgent")
    user.send("move it to friday")

    assert [task["completed"] for task in todo.tasks.values()] == [False, True]
    assert todo.tasks[2]["priority"] == "high"
    assert todo.tasks[2]["due"]["date"] == "2026-11-27"


def test_the_last_one_of_a_list_that_was_shown(user: FakeUser, todo: FakeTodo) -> None:
    todo.have("one", "two", "three")
    user.send("show my tasks")

    user.send("complete the last one")
    user.send("show my tasks")
    user.send("complete the second one")

    assert [task["completed"] for task in todo.tasks.values()] == [False, True, True]


def test_it_is_never_a_task_that_was_deleted(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add walk")
    user.send("add swim")
    user.send("delete it")

    answer = user.send("complete it")

    assert answer.endswith("Say its number.")
    assert todo.titles == ["walk"]
    assert not todo.tasks[1]["completed"]


def test_it_among_several_asks_which(user: FakeUser, todo: FakeTodo) -> None:
    user.send("add milk and eggs to my shopping list")

    answer = user.send("delete it")

    assert "#1, #2" in answer
    assert todo.titles == ["milk", "eggs"]


class TestDeletingMany:
    @pytest.fixture
    def asked(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.have("one", "two", completed=True)
        todo.have("three")
        answer = user.send("delete all done ones")
        assert "these 2 tasks" in answer
        return user

    def test_nothing_goes_before_the_yes(self, asked: FakeUser, todo: FakeTodo) -> None:
        assert todo.changes == []

    @pytest.mark.parametrize("yes", ["yes", "Yes, please!", "ok do it", "sure", "go ahead", "y"])
    def test_a_yes_deletes_just_those(self, asked: FakeUser, todo: FakeTodo, yes: str) -> None:
        todo.have("four", completed=True)

        asked.send(yes)

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
    def test_anything_else_deletes_nothing(
        self, asked: FakeUser, todo: FakeTodo, other: str
    ) -> None:
        asked.send(other)

        assert todo.titles == ["one", "two", "three"]

    def test_a_yes_counts_only_at_once(self, asked: FakeUser, todo: FakeTodo) -> None:
        asked.send("what's due today?")

        asked.send("yes")

        assert todo.titles == ["one", "two", "three"]

    def test_what_was_added_in_the_same_breath_stays(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two", completed=True)
        user.send("add three. delete all done ones")

        user.send("yes")

        assert todo.titles == ["three"]

    def test_numbers_are_asked_about_too(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two", "three")
        answer = user.send("delete 1 and 3")
        assert "**one**" in answer

        user.send("yes")

        assert todo.titles == ["two"]

    def test_a_hundred_are_all_named(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have(*(f"task {i}" for i in range(60)), completed=True)
        answer = user.send("delete all done ones")
        assert "#60" in answer

        user.send("yes")

        assert todo.titles == []


class TestWhichOne:
    @pytest.fixture
    def asked(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.have("buy oat milk", "buy soy milk", "walk")
        answer = user.send("I bought the milk")
        assert "Which one" in answer
        return user

    @pytest.mark.parametrize(
        "choice", ["2", "#2", "the second one", "the last one", "soy", "the soy milk"]
    )
    def test_it_is_chosen_by_number_place_or_words(
        self, asked: FakeUser, todo: FakeTodo, choice: str
    ) -> None:
        asked.send(choice)

        assert [number for number, task in todo.tasks.items() if task["completed"]] == [2]

    def test_both_may_be_meant(self, asked: FakeUser, todo: FakeTodo) -> None:
        asked.send("both")

        assert [number for number, task in todo.tasks.items() if task["completed"]] == [1, 2]

    def test_another_command_is_carried_out_instead(self, asked: FakeUser, todo: FakeTodo) -> None:
        asked.send("add bread")

        assert [name for name, _ in todo.changes] == ["add_task"]

    def test_never_mind(self, asked: FakeUser, todo: FakeTodo) -> None:
        asked.send("never mind")

        assert todo.changes == []


class TestWhatIsMissing:
    def test_the_title_comes_with_the_details_said_before(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        user.send("set a reminder for tomorrow at 5pm")

        user.send("to call Bob")

        assert todo.tasks[1]["title"] == "call Bob"
        assert todo.tasks[1]["due"]["at"] == "2026-11-24T16:00:00Z"

    def test_several_titles_for_one_list(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add to my shopping list")

        user.send("milk, eggs and bread")

        assert [(task["title"], task["list"]) for task in todo.tasks.values()] == [
            ("milk", "shopping"),
            ("eggs", "shopping"),
            ("bread", "shopping"),
        ]

    def test_the_name_of_a_new_list(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("create a new list")

        user.send("call it Groceries")

        assert todo.lists == ["Inbox", "Groceries"]

    def test_the_new_title_and_date(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add call Ann")
        user.send("rename it")
        user.send("call Ann and Bob")
        user.send("postpone 1")
        user.send("to friday at noon")

        assert todo.tasks[1]["title"] == "call Ann and Bob"
        assert todo.tasks[1]["due"]["at"] == "2026-11-27T11:00:00Z"

    def test_a_question_is_no_title(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add item")

        user.send("what's due today?")

        assert todo.changes == []


class TestOffers:
    @pytest.mark.parametrize("yes", ["yes", "yes please", "ok", "add it"])
    def test_a_yes_adds_what_was_offered(self, user: FakeUser, todo: FakeTodo, yes: str) -> None:
        answer = user.send("lunch with Ann on friday")
        assert todo.changes == []
        assert "Shall I add **lunch with Ann**?" in answer

        user.send(yes)

        assert todo.tasks[1]["title"] == "lunch with Ann"
        assert todo.tasks[1]["due"]["date"] == "2026-11-27"

    def test_a_no_adds_nothing(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("we need milk")

        user.send("no")

        assert todo.changes == []


class TestLists:
    def test_a_list_with_tasks_goes_after_a_yes_and_its_tasks_stay(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        user.send("add milk to my shopping list")
        answer = user.send("delete the shopping list")
        assert "1 open task" in answer
        assert todo.lists == ["Inbox", "shopping"]

        user.send("yes")

        assert todo.lists == ["Inbox"]
        assert todo.titles == ["milk"]

    def test_an_empty_list_goes_after_a_yes_too(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("create a list called Garden")
        user.send("delete the garden list")
        assert todo.lists == ["Inbox", "Garden"]

        user.send("yes")

        assert todo.lists == ["Inbox"]

    def test_a_list_is_found_by_a_similar_name(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("milk", list="Groceries")

        answer = user.send("what's on my grocery list?")

        assert "#1 **milk**" in answer

    def test_an_unknown_list_is_said_to_be_unknown(self, user: FakeUser) -> None:
        assert "no list called **unicorn**" in user.send("what's on my unicorn list?")


class TestUndo:
    def test_of_completing(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two")
        user.send("complete 1 and 2")

        user.send("undo")

        assert [task["completed"] for task in todo.tasks.values()] == [False, False]

    def test_of_adding(self, user: FakeUser, todo: FakeTodo) -> None:
        user.send("add milk")

        user.send("undo that")

        assert todo.titles == []

    def test_of_deleting(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two", "three")
        user.send("delete 1 and 3")
        user.send("yes")

        answer = user.send("undo")

        assert "Undone, 2 changes" in answer
        assert sorted(todo.titles) == ["one", "three", "two"]

    def test_once_more_takes_back_the_turn_before(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one")
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
    def test_of_a_change_of_any_kind(self, user: FakeUser, todo: FakeTodo, command: str) -> None:
        todo.have("one", due_date="2026-11-23")
        before = json.dumps(todo.tasks)
        user.send(command)
        assert json.dumps(todo.tasks) != before

        user.send("undo")

        assert json.dumps(todo.tasks) == before

    def test_undo_without_a_change_says_so(self, user: FakeUser) -> None:
        assert user.send("undo") == "There is nothing to undo in this conversation."

    def test_what_has_changed_since_is_named(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.failing["undo"] = ("undo-conflict", 'Nothing was undone: "milk" changed since.')

        assert 'nothing was undone: "milk" changed since.' in user.send("undo")


class TestClicks:
    """What the person did in a widget between two messages."""

    def test_a_ticked_box_is_what_undo_means(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two")
        user.send("complete 1")
        user.click("complete_task", task="2")

        user.send("undo that")

        assert [task["completed"] for task in todo.tasks.values()] == [True, False]

    def test_an_unticked_one_is_completed_again(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", completed=True)
        user.send("hello")
        user.click("update_task", task="1", completed=False)

        user.send("undo")

        assert todo.tasks[1]["completed"] is True

    def test_a_deleted_one_comes_back(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one")
        user.send("show my tasks")
        user.click("delete_task", task="1")

        assert "Undone: #1 **one**" in user.send("undo")
        assert todo.titles == ["one"]

    def test_it_is_the_task_that_was_clicked(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two")
        user.send("complete 1")
        user.click("complete_task", task="2")

        user.send("rename it to deux")

        assert todo.titles == ["one", "deux"]

    def test_an_edit_is_undone_too(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one")
        user.send("show my tasks")
        user.click("update_task", task="1", title="uno")

        user.send("undo")

        assert todo.titles == ["one"]

    def test_a_click_while_a_message_waits_is_no_answer_to_it(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        todo.have("one", "two")
        user.history.append({"role": "user", "content": "complete 1"})
        user.click("complete_task", task="2")

        step = decide(user.history, user.clock)

        assert [call.arguments for call in step.calls] == [{"task": "1"}]


class TestBulkChanges:
    """Many tasks are changed only after a yes, and only those that were meant."""

    @pytest.fixture
    def busy(self, user: FakeUser, todo: FakeTodo) -> FakeUser:
        todo.have("today one", "today two", due_date="2026-11-23")
        todo.have("today three", due_at="2026-11-23T17:00")
        todo.have("tomorrow", due_date="2026-11-24")
        todo.have("someday")
        todo.have("report", list="work", due_date="2026-11-25")
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
    def test_todays_tasks_move_after_a_yes_and_keep_their_times(
        self, busy: FakeUser, todo: FakeTodo, sentence: str
    ) -> None:
        before = json.dumps(todo.tasks)
        answer = busy.send(sentence)
        assert json.dumps(todo.tasks) == before
        assert answer.startswith("Move these 3 tasks to tomorrow")
        assert "**today one**" in answer

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
    def test_it_asks_about_just_those(
        self, busy: FakeUser, todo: FakeTodo, sentence: str, numbers: str
    ) -> None:
        before = json.dumps(todo.tasks)

        answer = busy.send(sentence)

        if json.dumps(todo.tasks) == before:
            ((_, held),) = todo.waiting
            assert held["tasks"] == numbers.split()
            assert find_prompt(answer) is Prompt.CONFIRM
        else:  # a single task that was named needs no question
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
    def test_a_filter_that_is_not_understood_never_widens(
        self, busy: FakeUser, todo: FakeTodo, sentence: str
    ) -> None:
        before = json.dumps(todo.tasks)

        busy.send(sentence)

        assert json.dumps(todo.tasks) == before
        asked = [number for _, held in todo.waiting for number in held.get("tasks", ())]
        assert len(asked) < 4, asked

    def test_a_no_leaves_everything_and_a_later_yes_does_nothing(
        self, busy: FakeUser, todo: FakeTodo
    ) -> None:
        before = json.dumps(todo.tasks)
        busy.send("complete all my tasks")
        busy.send("no")

        busy.send("yes")

        assert json.dumps(todo.tasks) == before

    def test_more_than_can_change_at_once_is_said(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have(*(f"task {number}" for number in range(201)))

        answer = user.send("complete all my tasks")

        assert answer.startswith("Mark these 200 tasks as done?")
        assert "There are more" in answer

    def test_a_fourth_task_in_one_message_waits(self, busy: FakeUser, todo: FakeTodo) -> None:
        answer = busy.send("complete 1 and 2. complete 3 and 4")
        assert "waiting: #4" in answer
        assert not todo.tasks[4]["completed"]

        busy.send("yes")

        assert todo.tasks[4]["completed"]


class TestBulkDeletion:
    def test_it_shows_a_card_and_asks_in_words(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "two")

        answer = user.send("delete all my tasks")

        assert answer.startswith("Delete these 2 tasks?")
        assert ("ask_to_delete", {"tasks": ["1", "2"]}) in todo.calls
        assert todo.titles == ["one", "two"]


class TestAnswers:
    def test_what_to_do_next_is_the_overdue_one(self, make_user: MakeFakeUser) -> None:
        answer = make_user().send("what should I do next?")

        assert "#3 **pay rent**, overdue" in answer

    def test_what_cannot_be_repeated_is_said_to_be_there_once(
        self, user: FakeUser, todo: FakeTodo
    ) -> None:
        answer = user.send("add water plants every tuesday")

        assert "can't repeat" in answer
        assert todo.tasks[1]["title"] == "water plants"

    def test_times_are_said_as_the_locale_says_them(self, make_user: MakeFakeUser) -> None:
        american = make_user("2026-11-23T09:30", "America/New_York", "en-US")

        answer = american.send("add lunch tomorrow at 1pm")

        assert "tomorrow (Tuesday, November 24) at 1 PM" in answer

    @pytest.mark.parametrize(
        ("code", "error", "said"),
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
    def test_an_error_is_explained(
        self, user: FakeUser, todo: FakeTodo, code: str, error: str, said: str
    ) -> None:
        todo.failing["add_task"] = (code, error)

        assert user.send("add milk") == f"I couldn't add **milk**: {said}."

    def test_a_task_that_is_not_there(self, user: FakeUser) -> None:
        assert user.send("complete 9") == "I couldn't complete #9: there is no task #9."

    def test_one_of_three_fails(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("one", "three")

        answer = user.send("complete 1, 2 and 7")

        assert "#1 **one**" in answer
        assert "no task #7" in answer

    def test_what_is_done_is_not_done_again(self, user: FakeUser, todo: FakeTodo) -> None:
        todo.have("send invoice", completed=True)

        assert "is done already" in user.send("complete the invoice")
        assert todo.changes == []
