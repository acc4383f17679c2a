"""Clicks on the todo agent's widgets: effects on the tasks, the widget and the history."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from cards_kit import (
    ID,
    action_of,
    boxes,
    click,
    click_body,
    components,
    open_card,
    press,
    said,
    texts,
    the_list,
    widgets,
)

from durable_chatkit.agent.turns import find_turn_id
from todo_agent.action_payloads import (
    CONFIRM,
    DELETE,
    DELETE_MANY,
    DISCARD,
    OPEN,
    RESTORE,
    SAVE,
    TOGGLE,
)
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

pytestmark = pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning")


def history(model: ScriptedModelServer) -> str:
    return json.dumps(model.requests[-1].history)


class TestTaskList:
    async def test_checking_a_box_completes_the_task(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        item = await the_list(chat, listed)
        (box, _) = components(item.widget, "Checkbox")
        action = box["onChangeAction"]

        acted = await click(chat, listed, action["type"], item, **action["payload"])

        assert tasks.tasks[ID.format(1)]["completed_at"] is not None
        assert tasks.keys == [f"{acted.run_id}:0:0"]
        stored = await the_list(chat, listed)
        assert boxes(stored.widget) == [("milk", True), ("bread", False)]
        assert stored.copy_text == "- [x] milk\n- [ ] bread"
        (update,) = await said(chat, acted, "thread.item.updated")
        assert boxes(update.update.widget) == boxes(stored.widget)
        assert [event.name for event in await said(chat, acted, "client_effect")] == [
            "tasks.changed"
        ]

    async def test_checked_box_reopens_the_task(self, chat: Any, listed: Any, tasks: Any) -> None:
        await click(
            chat, listed, TOGGLE, await the_list(chat, listed), task_id=ID.format(1), completed=True
        )
        item = await the_list(chat, listed)
        action = components(item.widget, "Checkbox")[0]["onChangeAction"]

        await click(chat, listed, action["type"], item, **action["payload"])

        assert tasks.tasks[ID.format(1)]["completed_at"] is None
        assert boxes((await the_list(chat, listed)).widget) == [("milk", False), ("bread", False)]

    async def test_box_can_be_checked_while_the_agent_streams(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        gate = Gate()
        model.answer(Say("Let me", gate, " think."))
        turn = await chat.say("hm", listed.thread_id)
        await gate.wait_reached()

        acted = await click(
            chat, listed, TOGGLE, await the_list(chat, listed), task_id=ID.format(2), completed=True
        )
        gate.open()

        assert await chat.wait_for_end(turn) == "completed"
        assert (await chat.row(acted))["status"] == "completed"
        assert boxes((await the_list(chat, listed)).widget) == [("milk", False), ("bread", True)]
        assert (await chat.texts(listed))[-1] == "Let me think."

    async def test_row_is_not_overwritten_by_an_older_state(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        task = tasks.tasks[ID.format(1)]
        task["updated_at"] = "2026-11-23T10:00:02Z"
        item = await the_list(chat, listed)
        await click(chat, listed, TOGGLE, item, task_id=task["id"], completed=True)
        task["updated_at"] = "2026-11-23T10:00:01Z"  # an outdated response

        await click(chat, listed, TOGGLE, item, task_id=task["id"], completed=False)

        assert boxes((await the_list(chat, listed)).widget)[0] == ("milk", True)

    async def test_deleted_task_is_reported_and_marked(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        del tasks.tasks[ID.format(1)]

        acted = await click(
            chat, listed, TOGGLE, await the_list(chat, listed), task_id=ID.format(1), completed=True
        )

        (notice,) = await said(chat, acted, "notice")
        assert "no longer exists" in notice.message
        stored = await the_list(chat, listed)
        assert boxes(stored.widget) == [("bread", False)]
        assert texts(stored.widget) == ["milk"]
        assert (await chat.row(acted))["status"] == "completed"

    async def test_change_is_made_once_when_the_worker_stops_after_it(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        tasks.before_answer = Gate()
        item = await the_list(chat, listed)
        acted = await chat.request(
            click_body(listed, TOGGLE, item, task_id=ID.format(1), completed=True)
        )
        await tasks.before_answer.wait_reached()
        await chat.workers[0].aclose(0)
        tasks.before_answer = None

        await chat.start_worker()

        assert await chat.wait_for_end(acted) == "completed"
        assert len(tasks.effects) == 1
        assert len(tasks.keys) == 2
        assert len(set(tasks.keys)) == 1
        assert boxes((await the_list(chat, listed)).widget)[0] == ("milk", True)
        assert len(await said(chat, acted, "client_effect")) == 1

    async def test_page_can_send_actions_without_a_widget(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        await click(chat, listed, TOGGLE, task_id=ID.format(1), completed=True)

        assert tasks.tasks[ID.format(1)]["completed_at"] is not None


class TestModelHistory:
    async def test_model_gets_clicks_between_two_turns(
        self, chat: Any, listed: Any, model: ScriptedModelServer
    ) -> None:
        item = await the_list(chat, listed)
        await click(chat, listed, TOGGLE, item, task_id=ID.format(2), completed=True)
        model.answer(Say("All right."))

        await chat.ask("undo that", listed.thread_id)

        sent = model.requests[-1].history
        calls = [entry for entry in sent if "change_tasks" in json.dumps(entry)]
        assert len(calls) == 1
        assert "by a click" in history(model)
        assert "bread" in history(model)

    async def test_click_makes_no_model_call(
        self, chat: Any, listed: Any, model: ScriptedModelServer
    ) -> None:
        asked = len(model.requests)

        await click(
            chat, listed, TOGGLE, await the_list(chat, listed), task_id=ID.format(1), completed=True
        )

        assert len(model.requests) == asked

    async def test_offline_assistant_undoes_a_click(self, chat: Any, tasks: Any) -> None:
        tasks.add("milk")
        await chat.start_worker(openai_base_url="", model="")
        run = await chat.ask("show my tasks")
        await click(
            chat, run, TOGGLE, await the_list(chat, run), task_id=ID.format(1), completed=True
        )

        await chat.ask("undo that", run.thread_id)

        assert tasks.tasks[ID.format(1)]["completed_at"] is None


class TestTaskCard:
    async def test_edit_shows_a_form_with_the_tasks_fields(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        tasks.tasks[ID.format(2)]["due"] = {"date": "2026-11-24", "timezone": "Europe/Berlin"}

        card = await open_card(chat, listed, ID.format(2))

        title, _time, _tags = components(card.widget, "Input")
        (due,) = components(card.widget, "DatePicker")
        _repeat, _reminder, lists, priority = components(card.widget, "Select")
        assert title["defaultValue"] == "bread"
        assert due["defaultValue"] == "2026-11-24T00:00:00"
        assert priority["defaultValue"] == "high"
        assert [option["label"] for option in lists["options"]] == ["Inbox"]

    async def test_save_changes_only_fields_that_differ(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        tasks._add_list("Shop")
        card = await open_card(chat, listed, ID.format(1))

        acted = await click(
            chat, listed, SAVE, card,
            task_id=ID.format(1), title=" oat  milk", due="2026-11-25", priority="none",
            list_id="lst_" + "0" * 25 + "2",
        )  # fmt: skip

        change = {
            "title": "oat milk",
            "due": {"date": "2026-11-25", "timezone": "Europe/Berlin"},
            "list_id": "lst_" + "0" * 25 + "2",
        }
        assert tasks.effects == [("PATCH", f"/tasks/{ID.format(1)}", change)]
        stored = (await widgets(chat, listed))[-1]
        assert texts(stored.widget) == ["Saved “oat milk”"]
        assert len(await said(chat, acted, "client_effect")) == 1

    async def test_save_keeps_what_changed_elsewhere_since_the_form_was_drawn(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        task = tasks.tasks[ID.format(1)]
        task.update(tags=["a, b"], due={"date": "2026-11-24", "timezone": "Europe/Berlin"})
        card = await open_card(chat, listed, ID.format(1))
        saving = card.widget.model_dump(mode="json")["confirm"]["action"]["payload"]
        drawn = {
            field["name"]: field.get("defaultValue", "")
            for kind in ("Input", "DatePicker", "Select")
            for field in components(card.widget, kind)
        }
        task.update(title="oat milk", due={"date": "2026-11-27", "timezone": "Europe/Berlin"})

        await click(chat, listed, SAVE, card, **saving, **drawn | {"priority": "high"})

        assert tasks.effects == [("PATCH", f"/tasks/{ID.format(1)}", {"priority": "high"})]

    async def test_form_day_keeps_the_time_of_day(self, chat: Any, listed: Any, tasks: Any) -> None:
        tasks.tasks[ID.format(1)]["due"] = {
            "at": "2026-11-24T16:00:00Z",
            "timezone": "Europe/Berlin",
        }
        card = await open_card(chat, listed, ID.format(1))

        await click(chat, listed, SAVE, card, task_id=ID.format(1), due="2026-11-24T00:00:00.000Z")
        assert tasks.effects == []
        await click(chat, listed, SAVE, card, task_id=ID.format(1), due="2026-11-26T23:00:00Z")

        assert tasks.tasks[ID.format(1)]["due"]["at"] == "2026-11-27T16:00:00Z"

    async def test_empty_day_removes_the_due_date(self, chat: Any, listed: Any, tasks: Any) -> None:
        tasks.tasks[ID.format(1)]["due"] = {"date": "2026-11-24", "timezone": "Europe/Berlin"}
        card = await open_card(chat, listed, ID.format(1))

        await click(chat, listed, SAVE, card, task_id=ID.format(1), due=None)

        assert tasks.tasks[ID.format(1)]["due"] is None

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("title", "  ", "needs a title"),
            ("priority", "enormous", "Invalid priority"),
            ("due", "next week", "Invalid date"),
        ],
    )
    async def test_invalid_field_is_reported_without_effect(
        self, chat: Any, listed: Any, tasks: Any, field: str, value: str, message: str
    ) -> None:
        card = await open_card(chat, listed, ID.format(1))

        acted = await click(chat, listed, SAVE, card, task_id=ID.format(1), **{field: value})

        (error,) = await said(chat, acted, "error")
        assert message in error.message
        assert error.allow_retry is False
        assert tasks.effects == []

    async def test_deleted_task_can_be_undone(self, chat: Any, listed: Any, tasks: Any) -> None:
        card = await open_card(chat, listed, ID.format(1))
        for _ in range(2):  # the second time in another tab
            await click(chat, listed, DELETE, card, task_id=ID.format(1))
        assert tasks.titles == ["bread"]
        gone = (await widgets(chat, listed))[-1]
        assert texts(gone.widget) == ["Deleted “milk”"]
        (undo,) = components(gone.widget, "Button")

        action = undo["onClickAction"]
        await click(chat, listed, action["type"], gone, **action["payload"])

        assert sorted(tasks.titles) == ["bread", "milk"]
        assert texts((await widgets(chat, listed))[-1].widget) == [
            "Undone: “milk” is back to its previous state."
        ]

    async def test_card_of_a_deleted_task_is_replaced_by_a_message(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        card = await open_card(chat, listed, ID.format(1))
        del tasks.tasks[ID.format(1)]

        acted = await click(chat, listed, SAVE, card, task_id=ID.format(1), title="x")

        assert len(await said(chat, acted, "notice")) == 1
        assert "no longer exists" in texts((await widgets(chat, listed))[-1].widget)[0]


class TestChangeLimitOfTurns:
    """A turn can change three tasks with any calls; the rest is held, on one card."""

    async def five_more(self, tasks: Any) -> None:
        for title in ("eggs", "jam", "tea", "rice", "salt"):
            tasks.add(title)

    def done(self, tasks: Any) -> int:
        return 7 - len([task for task in tasks.tasks.values() if not task["completed_at"]])

    async def test_limit_covers_parallel_and_sequential_calls(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        await self.five_more(tasks)
        model.answer(
            Call("change_tasks", {"tasks": [1], "completed": True}),
            Call("delete_tasks", {"tasks": [2]}),
        )
        model.answer(
            Call("change_tasks", {"tasks": [3], "completed": True}),
            Call("change_tasks", {"tasks": [4], "completed": True}),
            Call("change_tasks", {"tasks": [5, 6], "completed": True}),
        )
        model.answer(
            Call("answer_pending", {"confirm": True}),
            Call("change_tasks", {"tasks": ["#7"], "completed": True}),
        )
        model.answer(Say("All done!"))

        run = await chat.ask("tidy up", listed.thread_id)

        assert self.done(tasks) == 3
        card = (await widgets(chat, run))[-1]
        shown = ["#4 jam", "#5 tea", "#6 rice", "#7 salt", "Mark 4 tasks as done?"]
        assert texts(card.widget) == shown
        assert "waiting-for-confirmation" in history(model)

    async def test_retry_belongs_to_the_same_turn(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        await self.five_more(tasks)
        model.answer(
            *(Call("change_tasks", {"tasks": [number], "completed": True}) for number in (1, 2, 3))
        )
        model.answer(Say("Done."))
        run = await chat.ask("tidy up", listed.thread_id)
        message = [item for item in await chat.items(run) if item.type == "user_message"][-1]
        model.answer(
            *(Call("change_tasks", {"tasks": [number], "completed": True}) for number in (4, 5, 6))
        )
        model.answer(Say("Done."))

        again = await chat.request(
            {
                "type": "threads.retry_after_item",
                "params": {"thread_id": run.thread_id, "item_id": message.id},
            }
        )
        await chat.wait_for_end(again)

        assert self.done(tasks) == 3
        assert texts((await widgets(chat, run))[-1].widget)[-1] == "Mark 3 tasks as done?"

    async def test_run_without_a_message_belongs_to_the_previous_turn(
        self, chat: Any, listed: Any, model: ScriptedModelServer
    ) -> None:
        """The output of a browser's tool or a form continues the turn of the last message."""
        model.answer(Say("Well."))
        await chat.ask("and?", listed.thread_id)
        message = [item for item in await chat.items(listed) if item.type == "user_message"][-1]
        run_context: Any = SimpleNamespace(
            message=None,
            store=chat.store,
            thread=SimpleNamespace(id=listed.thread_id),
            request_context=chat.context,
        )

        assert await find_turn_id(run_context) == message.id

    async def test_card_is_shown_when_the_model_fails_afterwards(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        await self.five_more(tasks)
        model.answer(Call("change_tasks", {"tasks": [1, 2, 3, 4], "completed": True}))
        model.answer(Say(""))

        run = await chat.ask("tidy up", listed.thread_id)

        assert self.done(tasks) == 0
        assert texts((await widgets(chat, run))[-1].widget)[-1] == "Mark 4 tasks as done?"

    async def test_plain_yes_confirms_the_previous_turns_changes(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        model.answer(Call("delete_tasks", {"tasks": [1, 2]}))
        model.answer(Say("Shall they go?"))
        await chat.ask("delete both", listed.thread_id)
        model.answer(Call("answer_pending", {"confirm": True}))
        model.answer(Say("Gone."))

        run = await chat.ask("yes, please", listed.thread_id)

        assert tasks.titles == []
        assert texts((await widgets(chat, run))[-1].widget) == ["Deleted 2 tasks."]

    async def test_dead_worker_leaves_one_card(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        gate = Gate()
        model.answer(Call("delete_tasks", {"tasks": [1, 2]}))
        model.answer(Say("Shall", gate, " they go?"))
        run = await chat.say("delete both", listed.thread_id)
        await gate.wait_reached()
        await chat.workers[0].aclose(0)
        gate.open()
        model.answer(Say("Shall they go?"))

        await chat.start_worker()

        assert await chat.wait_for_end(run) == "completed"
        assert len(await widgets(chat, run)) == 2  # the list, and the card
        (pending,) = tasks.pending.values()
        assert len(pending["operations"]) == 2


class TestDeleting:
    async def test_delete_tool_offers_an_undo(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        tasks.note_change("deleted", tasks.tasks[ID.format(1)])
        model.answer(Call("delete_tasks", {"tasks": ["milk"]}))
        model.answer(Say("Gone."))
        await chat.ask("delete the milk", listed.thread_id)
        card = (await widgets(chat, listed))[-1]
        assert texts(card.widget) == ["Deleted “milk”"]

        await press(chat, listed, card, "Undo")

        assert sorted(tasks.titles) == ["bread", "milk"]
        shown = (await widgets(chat, listed))[-1]
        assert texts(shown.widget) == ["Undone: “milk” is back to its previous state."]

    async def test_buttons_of_earlier_releases_still_work(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        await click(chat, listed, DELETE, task_id=ID.format(1))

        await click(chat, listed, RESTORE, task_ids=[ID.format(1)])

        assert sorted(tasks.titles) == ["bread", "milk"]

    async def test_changes_of_one_turn_share_an_undo(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        for number in (1, 2):
            tasks.note_change("deleted", tasks.tasks[ID.format(number)])
        model.answer(Call("delete_tasks", {"tasks": [1]}), Call("delete_tasks", {"tasks": [2]}))
        model.answer(Say("Gone."))
        await chat.ask("delete both, I am sure", listed.thread_id)

        assert tasks.titles == []
        _, card = await widgets(chat, listed)
        assert texts(card.widget) == ["Deleted 2 tasks"]
        await press(chat, listed, card, "Undo")
        assert sorted(tasks.titles) == ["bread", "milk"]

    async def test_turn_succeeds_without_its_undo_if_the_tasks_service_fails(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        gate = Gate()
        model.answer(Call("add_task", {"title": "tea"}))
        model.answer(Say("Add", gate, "ed."))
        run = await chat.say("tea, please", listed.thread_id)
        await gate.wait_reached()
        tasks.failures = [500]
        gate.open()

        assert await chat.wait_for_end(run) == "completed"
        assert len(await widgets(chat, run)) == 1

    async def test_several_tasks_are_deleted_only_after_confirmation(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        model.answer(Call("delete_tasks", {"tasks": [1, "bread"]}))
        model.answer(Say("Shall they go?"))
        await chat.ask("delete everything", listed.thread_id)
        card = (await widgets(chat, listed))[-1]
        root = card.widget.model_dump(mode="json")
        assert texts(root) == ["#1 milk", "#2 bread", "Delete 2 tasks?"]
        assert tasks.titles == ["milk", "bread"]

        action = action_of(root, "Delete")
        acted = await click(chat, listed, action["type"], card, **action["payload"])
        await click(chat, listed, action["type"], card, **action["payload"])

        assert action["type"] == CONFIRM
        assert tasks.titles == []
        assert texts((await widgets(chat, listed))[-1].widget) == ["Deleted 2 tasks."]
        assert len(await said(chat, acted, "client_effect")) == 1

    async def test_already_deleted_task_does_not_block_the_others(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        del tasks.tasks[ID.format(1)]

        await click(chat, listed, DELETE_MANY, task_ids=[ID.format(1), ID.format(2)])

        assert tasks.titles == []

    async def test_cancel_keeps_tasks_and_informs_the_model(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        model.answer(Call("delete_tasks", {"tasks": [1, 2]}))
        model.answer(Say("Shall they go?"))
        await chat.ask("delete everything", listed.thread_id)
        card = (await widgets(chat, listed))[-1]
        action = action_of(card.widget, "Cancel")

        await click(chat, listed, action["type"], card, **action["payload"])
        model.answer(Say("As you like."))
        await chat.ask("well?", listed.thread_id)

        assert action["type"] == DISCARD
        assert tasks.titles == ["milk", "bread"]
        assert texts((await widgets(chat, listed))[-1].widget) == ["Nothing was changed."]
        assert '"confirm\\": false' in history(model) or "answer_pending" in history(model)

    async def test_restore_restores_all_tasks(self, chat: Any, listed: Any, tasks: Any) -> None:
        ids = [ID.format(1), ID.format(2)]
        await click(chat, listed, DELETE_MANY, task_ids=ids)

        await click(chat, listed, RESTORE, task_ids=ids)

        assert sorted(tasks.titles) == ["bread", "milk"]

    async def test_offline_assistant_shows_the_card(self, chat: Any, tasks: Any) -> None:
        tasks.add("milk")
        tasks.add("bread")
        await chat.start_worker(openai_base_url="", model="")

        run = await chat.ask("delete all my tasks")

        card = (await widgets(chat, run))[-1]
        assert action_of(card.widget, "Delete")["type"] == CONFIRM
        assert tasks.titles == ["milk", "bread"]


class TestBadPayloads:
    @pytest.mark.parametrize(
        ("kind", "payload"),
        [
            (TOGGLE, {}),
            (TOGGLE, {"task_id": "../../lists", "completed": True}),
            (TOGGLE, {"task_id": ID.format(1), "completed": "yes"}),
            (OPEN, {"task_id": 5}),
            (SAVE, {"task_id": ID.format(1), "title": ["x"]}),
            (DELETE, {"task_id": ""}),
            (DELETE_MANY, {"task_ids": []}),
            (DELETE_MANY, {"task_ids": [ID.format(1)] * 201}),
            (RESTORE, {"task_ids": "all"}),
            ("task.explode", {}),
        ],
    )
    async def test_invalid_payload_is_rejected_without_effect(
        self, chat: Any, listed: Any, tasks: Any, kind: str, payload: dict[str, Any]
    ) -> None:
        acted = await click(chat, listed, kind, await the_list(chat, listed), **payload)

        assert (await chat.row(acted))["error"] == "action-refused"
        assert tasks.effects == []

    async def test_unavailable_tasks_service_is_reported(
        self, chat: Any, listed: Any, tasks: Any
    ) -> None:
        tasks.failures = [503] * 50

        acted = await click(
            chat, listed, TOGGLE, await the_list(chat, listed), task_id=ID.format(1), completed=True
        )

        (error,) = await said(chat, acted, "error")
        assert (await chat.row(acted))["error"] == "action-failed"
        assert "unavailable right now" in error.message
