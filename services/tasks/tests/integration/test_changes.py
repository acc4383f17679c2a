"""Undo, and changes that await a confirmation."""

import datetime as dt
from http import HTTPStatus
from typing import Any

import pytest
from tasks_kit import Connection, Person, Service

from tasks_service.service import user_work

SCOPE = "thr_1"


class Agent:
    """The agent in one turn: its changes are one group, which may change three tasks."""

    def __init__(
        self,
        service: Service,
        person: Person,
        group: str,
        *,
        limit: int | None = 3,
        run_id: str | None = None,
    ) -> None:
        self.group = group
        self._http = service.agent(person.user_id)
        self._headers = {
            "X_Run_Id": run_id or f"run_{group}",
            "X_Run_Attempt": 1,
            "X_Change_Group": group,
            "X_Change_Scope": SCOPE,
            **({} if limit is None else {"X_Confirm_Above": limit}),
        }

    async def post(self, rest: str, body: object = None, **headers: object) -> Any:
        return await self._http.post(rest, body, **self._headers, **headers)

    async def patch(self, rest: str, body: object) -> Any:
        return await self._http.patch(rest, body, **self._headers)

    async def delete(self, rest: str) -> Any:
        return await self._http.delete(rest, **self._headers)

    async def hold(self, *operations: dict[str, Any]) -> dict[str, Any]:
        response = await self.post("changes/pending", {"operations": list(operations)})
        assert response.status_code == HTTPStatus.CREATED, response.text
        held: dict[str, Any] = response.json()
        return held

    async def undo(self, **which: Any) -> Any:
        return await self.post("changes/undo", which)

    async def confirm(self, pending: dict[str, Any]) -> Any:
        path = f"changes/pending/{pending['id']}/confirm"
        return await self.post(path, {"revision": pending["revision"]})


def turn(service: Service, person: Person, group: str) -> Agent:
    return Agent(service, person, group)


async def tasks_of(person: Person) -> list[dict[str, Any]]:
    """Return all tasks without the time of their last change."""
    found = (await person.get("tasks", status="all", order="asc")).json()["items"]
    return [{**task, "updated_at": None} for task in found]


class TestChangeLimit:
    async def test_every_kind_of_change_of_a_fourth_task_needs_a_confirmation(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_tasks("abcdefg")
        agent = turn(service, ada, "msg_1")
        await agent.delete("tasks/1")
        await agent.patch("tasks/2", {"title": "other"})
        await agent.post("tasks/3/complete")

        refused = [
            await agent.patch("tasks/4", {"priority": "high"}),
            await agent.delete("tasks/5"),
            await agent.post("tasks/6/complete"),
            await agent.post("tasks/1/restore"),  # allowed: one of the three
        ]

        assert [response.status_code for response in refused] == [409, 409, 409, 200]
        assert refused[0].json()["type"].endswith("confirmation-required")
        assert await ada.titles(order="asc") == ["a", "other", "d", "e", "f", "g"]

    async def test_repeated_tasks_and_no_ops_do_not_count(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_tasks("abcd")
        agent = turn(service, ada, "msg_1")
        for number in (1, 2, 3, 1, 2, 3):
            assert (await agent.patch(f"tasks/{number}", {"notes": "x"})).status_code == 200

        unchanged = await agent.patch("tasks/4", {"notes": ""})

        assert unchanged.status_code == 200

    async def test_tasks_created_in_the_turn_do_not_count(
        self, service: Service, ada: Person
    ) -> None:
        agent = turn(service, ada, "msg_1")
        made = [await agent.post("tasks", {"title": title}) for title in "abcde"]

        responses = [await agent.post(f"tasks/{task.json()['id']}/complete") for task in made]

        assert {response.status_code for response in responses} == {200}

    async def test_confirmations_and_undos_do_not_raise_the_limit(
        self, service: Service, ada: Person
    ) -> None:
        tasks = await ada.make_tasks("abcdef")
        agent = turn(service, ada, "msg_1")
        held = await agent.hold(*(completion(task) for task in tasks))
        await agent.confirm(held)
        deleted = [await agent.delete(f"tasks/{task['id']}") for task in tasks]
        undoing = turn(service, ada, "msg_2")
        await Agent(service, ada, "msg_2", limit=None).undo(scope_id=SCOPE)

        again = [await undoing.delete(f"tasks/{task['id']}") for task in tasks]

        assert [response.status_code for response in deleted] == [204, 204, 204, 409, 409, 409]
        assert [response.status_code for response in again] == [204, 204, 204, 409, 409, 409]

    async def test_tasks_created_by_another_run_of_the_turn_count(
        self, service: Service, ada: Person
    ) -> None:
        agent = turn(service, ada, "msg_1")
        made = [(await agent.post("tasks", {"title": title})).json() for title in "abcd"]
        retried = Agent(service, ada, "msg_1", run_id="run_2")

        responses = [await retried.delete(f"tasks/{task['id']}") for task in made]

        assert [response.status_code for response in responses] == [204, 204, 204, 409]

    async def test_every_deletion_of_a_list_needs_a_confirmation(
        self, service: Service, ada: Person
    ) -> None:
        entry = await ada.make_list("Work")
        agent = turn(service, ada, "msg_1")
        own = (await agent.post("lists", {"name": "Own"})).json()

        responses = [await agent.delete(f"lists/{each['id']}") for each in (entry, own)]

        assert [response.status_code for response in responses] == [409, 409]

    async def test_limit_applies_per_turn(self, service: Service, ada: Person) -> None:
        await ada.make_tasks("abcd")
        for number in (1, 2, 3):
            await turn(service, ada, "msg_1").post(f"tasks/{number}/complete")

        again = await turn(service, ada, "msg_1").post("tasks/4/complete")
        next_turn = await turn(service, ada, "msg_2").post("tasks/4/complete")

        assert (again.status_code, next_turn.status_code) == (409, 200)

    async def test_users_own_requests_have_no_limit(self, ada: Person) -> None:
        await ada.make_tasks("abcd")
        headers = {"X_Change_Group": "msg_1", "X_Confirm_Above": 3}

        responses = [await ada.post(f"tasks/{n}/complete", **headers) for n in (1, 2, 3, 4)]

        assert {response.status_code for response in responses} == {200}

    @pytest.mark.parametrize(
        "headers", [{"X_Change_Group": "a b"}, {"X_Change_Group": "a", "X_Confirm_Above": "-1"}]
    )
    async def test_malformed_headers_are_rejected(
        self, service: Service, ada: Person, headers: dict[str, object]
    ) -> None:
        response = await service.agent(ada.user_id).post("tasks", {"title": "x"}, **headers)

        assert response.status_code == 400


class TestTurnLimits:
    async def test_turn_adds_tasks_up_to_a_limit(
        self, service: Service, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(user_work, "MAX_TURN_TASKS", 2)
        first, second = turn(service, ada, "msg_1"), turn(service, ada, "msg_2")
        same_turn = Agent(service, ada, "msg_1", run_id="run_retry")

        responses = [
            await agent.post("tasks", {"title": "a"}) for agent in (first, first, same_turn, second)
        ]

        assert [response.status_code for response in responses] == [201, 201, 409, 201]
        assert responses[2].json()["type"] == "urn:todochat:problem:turn-limit"
        assert "needs another message" in responses[2].json()["detail"]
        undone = await first.undo(group_id="msg_1")
        assert undone.status_code == 200
        assert await ada.titles() == ["a"]

    async def test_turn_adds_ten_lists_and_sections(self, service: Service, ada: Person) -> None:
        agent = turn(service, ada, "msg_1")
        section = {"list_id": (await ada.make_list("Work"))["id"], "name": "s"}
        added = [await agent.post("lists", {"name": str(number)}) for number in range(9)]
        added.append(await agent.post("sections", section))

        refused = [
            await agent.post("lists", {"name": "11"}),
            await agent.post("sections", section | {"name": "t"}),
        ]

        assert {response.status_code for response in added} == {201}
        assert [response.status_code for response in refused] == [409, 409]
        assert (await turn(service, ada, "msg_2").post("sections", section)).status_code == 201

    async def test_turn_changes_three_lists_beside_those_it_added(
        self, service: Service, ada: Person
    ) -> None:
        agent = turn(service, ada, "msg_1")
        lists = [await ada.make_list(name) for name in "abcd"]
        lists.append((await agent.post("lists", {"name": "own"})).json())
        paths = [f"lists/{entry['id']}" for entry in lists]
        for path in paths[:3]:
            await agent.patch(path, {"archived": True})

        responses = [
            await agent.patch(path, {"color": "red"}) for path in (paths[0], paths[3], paths[4])
        ]

        assert [response.status_code for response in responses] == [200, 409, 200]
        assert (await ada.patch(paths[3], {"color": "red"})).status_code == 200


class TestUndo:
    async def test_undo_reverts_changes_of_every_kind(self, service: Service, ada: Person) -> None:
        home = await ada.make_list("Home")
        await ada.make_task(
            "a",
            notes="n",
            tags=["x"],
            priority="low",
            due={"at": "2026-12-01T17:00:00Z", "timezone": "Europe/Berlin"},
        )
        await ada.make_task("b", list_id=home["id"])
        await ada.make_task("c")
        before, lists = await tasks_of(ada), (await ada.get("lists")).json()
        agent = Agent(service, ada, "msg_1", limit=None)
        await agent.patch(
            "tasks/1",
            {"title": "z", "notes": "", "tags": [], "priority": "high", "due": None},
        )
        await agent.patch("tasks/1", {"list_id": home["id"], "completed": True})
        await agent.delete("tasks/3")
        new = (await agent.post("lists", {"name": "New"})).json()
        await agent.post("tasks", {"title": "d", "list_id": new["id"]})
        await agent.delete(f"lists/{home['id']}?tasks=delete")
        assert len(await tasks_of(ada)) == 1

        undone = await turn(service, ada, "msg_2").undo(scope_id=SCOPE)

        assert undone.status_code == 409  # more than three tasks, and a list
        assert undone.json()["group_id"] == "msg_1"
        undone = await Agent(service, ada, "msg_2", limit=None).undo(scope_id=SCOPE)
        assert undone.status_code == 200, undone.text
        assert await tasks_of(ada) == before
        now = (await ada.get("lists")).json()
        assert [{**each, "updated_at": ""} for each in now["items"]] == [
            {**each, "updated_at": ""} for each in lists["items"]
        ]
        assert {task["number"] for task in undone.json()["tasks"]} == {1, 2, 3, 4}

    async def test_undo_restores_a_deleted_list_with_its_tasks(
        self, service: Service, ada: Person
    ) -> None:
        work = await ada.make_list("Work")
        await ada.make_task("stays")
        await ada.make_tasks("ab", list_id=work["id"])
        before = await tasks_of(ada)
        await Agent(service, ada, "msg_1", limit=None).delete(f"lists/{work['id']}")

        await turn(service, ada, "msg_2").undo(group_id="msg_1")

        assert await tasks_of(ada) == before

    async def test_repeated_undo_reverts_the_previous_turn(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").patch("tasks/1", {"title": "b"})
        await turn(service, ada, "msg_2").patch("tasks/1", {"title": "c"})

        titles = []
        for group in ("msg_3", "msg_4"):
            await turn(service, ada, group).undo(scope_id=SCOPE)
            titles += await ada.titles()
        third = await turn(service, ada, "msg_5").undo(scope_id=SCOPE)

        assert titles == ["b", "a"]
        assert third.json()["type"].endswith("nothing-to-undo")

    async def test_one_turn_can_undo_only_one_turn(self, service: Service, ada: Person) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").patch("tasks/1", {"title": "b"})
        await turn(service, ada, "msg_2").patch("tasks/1", {"title": "c"})
        await turn(service, ada, "msg_3").undo(scope_id=SCOPE)

        again = await turn(service, ada, "msg_3").undo(scope_id=SCOPE)

        assert again.json()["type"].endswith("nothing-to-undo")
        assert await ada.titles() == ["b"]

    async def test_later_change_of_the_same_field_is_a_conflict(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_tasks("ab")
        agent = turn(service, ada, "msg_1")
        for number in (1, 2):
            await agent.patch(f"tasks/{number}", {"due": {"date": "2026-12-01"}})
        await ada.patch("tasks/1", {"due": {"date": "2026-12-24"}, "title": "Christmas"})

        refused = await turn(service, ada, "msg_2").undo(group_id="msg_1")

        assert refused.status_code == 409
        assert refused.json()["conflicts"] == ["Christmas"]
        assert [task["due"]["date"] for task in await tasks_of(ada)] == ["2026-12-24", "2026-12-01"]

    async def test_later_change_of_another_field_is_kept(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").post("tasks/1/complete")
        await ada.patch("tasks/1", {"notes": "mine"})

        await turn(service, ada, "msg_2").undo(group_id="msg_1")

        (task,) = await tasks_of(ada)
        assert (task["notes"], task["completed_at"]) == ("mine", None)

    async def test_undo_restores_start_duration_and_pin(
        self, service: Service, ada: Person
    ) -> None:
        planned = {"start": {"date": "2026-11-24"}, "duration_minutes": 30, "pinned": True}
        before = await ada.make_task("a", **planned)
        changes = {"start": None, "duration_minutes": 60, "pinned": False}
        await turn(service, ada, "msg_1").patch("tasks/1", changes)

        await turn(service, ada, "msg_2").undo(group_id="msg_1")

        assert await tasks_of(ada) == [{**before, "updated_at": None}]

    async def test_undo_of_a_creation_recorded_by_an_earlier_version(
        self, service: Service, ada: Person, owner: Connection
    ) -> None:
        await turn(service, ada, "msg_1").post("tasks", {"title": "a"})
        await owner.execute(
            "UPDATE task_changes SET after = after - 'start' - 'pinned' WHERE user_id = $1",
            ada.user_id,
        )

        await turn(service, ada, "msg_2").undo(group_id="msg_1")

        assert await ada.titles() == []

    async def test_undo_keeps_a_new_task_that_the_user_changed(
        self, service: Service, ada: Person
    ) -> None:
        await turn(service, ada, "msg_1").post("tasks", {"title": "a"})
        await ada.patch("tasks/1", {"notes": "mine"})

        refused = await turn(service, ada, "msg_2").undo(group_id="msg_1")

        assert refused.json()["conflicts"] == ["a"]
        assert await ada.titles() == ["a"]

    async def test_undo_can_be_limited_to_some_tasks(self, service: Service, ada: Person) -> None:
        tasks = await ada.make_tasks("ab")
        agent = turn(service, ada, "msg_1")
        for task in tasks:
            await agent.delete(f"tasks/{task['id']}")

        await ada.post("changes/undo", {"group_id": "msg_1", "task_ids": [tasks[1]["id"]]})

        assert await ada.titles() == ["b"]

    async def test_undo_is_idempotent_and_published(self, service: Service, ada: Person) -> None:
        await ada.make_task("a")
        agent = turn(service, ada, "msg_1")
        await agent.delete("tasks/1")
        async with ada.feed() as feed:
            await feed.event()

            body = {"group_id": "msg_1"}
            first = await agent.post("changes/undo", body, Idempotency_Key="k1")
            again = await agent.post("changes/undo", body, Idempotency_Key="k1")

            _, change = await feed.event()
        assert first.json() == again.json()
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (change["type"], change["task"]["title"]) == ("task.restored.v1", "a")

    async def test_stale_attempt_cannot_undo(self, service: Service, ada: Person) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").delete("tasks/1")
        agent = service.agent(ada.user_id)
        await agent.post("tasks", {"title": "b"}, X_Run_Id="run_9", X_Run_Attempt=2)

        stale = await agent.post(
            "changes/undo", {"group_id": "msg_1"}, X_Run_Id="run_9", X_Run_Attempt=1
        )

        assert stale.json()["type"].endswith("stale-attempt")
        assert await ada.titles() == ["b"]

    async def test_another_users_changes_cannot_be_undone(
        self, service: Service, ada: Person, bob: Person
    ) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").delete("tasks/1")

        response = await bob.post("changes/undo", {"group_id": "msg_1"})

        assert response.json()["type"].endswith("nothing-to-undo")


def completion(task: dict[str, Any]) -> dict[str, Any]:
    return {"type": "update", "task_id": task["id"], "changes": {"completed": True}}


def deletion(task: dict[str, Any]) -> dict[str, Any]:
    return {"type": "delete", "task_id": task["id"]}


class TestPendingChanges:
    async def test_confirmation_applies_all_operations_once(
        self, service: Service, ada: Person
    ) -> None:
        tasks = await ada.make_tasks("abcde")
        agent = turn(service, ada, "msg_1")
        held = await agent.hold(*map(deletion, tasks[:4]))
        assert await ada.titles(order="asc") == ["a", "b", "c", "d", "e"]

        first = await agent.confirm(held)
        await ada.post("changes/undo", {"group_id": "msg_1"})
        again = await agent.confirm(held)

        assert first.status_code == again.status_code == 200, first.text
        assert first.json()["status"] == "confirmed"
        assert [task["title"] for task in again.json()["outcome"]["tasks"]] == ["a", "b", "c", "d"]
        assert await ada.titles(order="asc") == ["a", "b", "c", "d", "e"]

    async def test_confirmation_skips_tasks_changed_since(
        self, service: Service, ada: Person
    ) -> None:
        tasks = await ada.make_tasks("abc")
        agent = turn(service, ada, "msg_1")
        held = await agent.hold(*map(deletion, tasks))
        await ada.patch("tasks/1", {"notes": "important"})
        await ada.delete("tasks/2")

        confirmed = await agent.confirm(held)

        left = {each["title"]: each["reason"] for each in confirmed.json()["outcome"]["left"]}
        assert left == {"a": "changed", "b": "gone"}
        assert await ada.titles() == ["a"]

    async def test_confirmation_skips_a_list_with_a_new_task(
        self, service: Service, ada: Person
    ) -> None:
        entry = await ada.make_list("Work")
        await ada.make_task("a", list_id=entry["id"])
        agent = turn(service, ada, "msg_1")
        held = await agent.hold({"type": "delete-list", "list_id": entry["id"], "tasks": "delete"})
        await ada.make_task("b", list_id=entry["id"])

        confirmed = await agent.confirm(held)

        assert confirmed.json()["outcome"]["left"][0]["reason"] == "changed"
        assert await ada.titles(order="asc") == ["a", "b"]

    async def test_outdated_revision_cannot_be_confirmed(
        self, service: Service, ada: Person
    ) -> None:
        tasks = await ada.make_tasks("abc")
        agent = turn(service, ada, "msg_1")
        shown = await agent.hold(deletion(tasks[0]))
        same = await agent.hold(deletion(tasks[0]))
        grown = await agent.hold(deletion(tasks[1]), deletion(tasks[2]))

        refused = await agent.confirm(shown)

        assert shown["id"] == same["id"] == grown["id"]
        assert grown["done"] == []
        assert (shown["revision"], same["revision"], grown["revision"]) == (1, 1, 2)
        assert refused.json()["type"].endswith("pending-change-changed")
        assert len(await ada.titles()) == 3

    async def test_discarded_or_expired_change_cannot_be_confirmed(
        self, service: Service, ada: Person, owner: Connection
    ) -> None:
        task = await ada.make_task("a")
        agent = turn(service, ada, "msg_1")
        held = await agent.hold(deletion(task))
        await owner.execute(
            "UPDATE pending_changes SET expires_at = $2 WHERE user_id = $1",
            ada.user_id,
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        )
        expired = await agent.confirm(held)
        new = await agent.hold(deletion(task))
        await agent.post(f"changes/pending/{new['id']}/discard")
        discarded = await agent.confirm(new)

        assert held["id"] != new["id"]
        decisions = [response.json()["decision"] for response in (expired, discarded)]
        assert decisions == ["expired", "discarded"]
        assert await ada.titles() == ["a"]

    async def test_pending_change_belongs_to_one_user(
        self, service: Service, ada: Person, bob: Person
    ) -> None:
        held = await turn(service, ada, "msg_1").hold(deletion(await ada.make_task("a")))
        path = f"changes/pending/{held['id']}"

        responses = [await bob.get(path), await turn(service, bob, "msg_1").confirm(held)]

        assert {response.status_code for response in responses} == {404}
        assert (await ada.get(path)).json() == held
        assert (await ada.get("changes/pending", group="msg_1")).json() == held

    async def test_pending_change_lists_unconfirmed_changes(
        self, service: Service, ada: Person
    ) -> None:
        await ada.make_tasks("ab")
        agent = turn(service, ada, "msg_1")
        await agent.post("tasks/1/complete")
        await agent.post("tasks", {"title": "new"})

        held = await agent.hold(deletion((await ada.get("tasks/2")).json()))

        assert [task["title"] for task in held["done"]] == ["a"]

    async def test_undo_can_be_pending(self, service: Service, ada: Person) -> None:
        await ada.make_task("a")
        await turn(service, ada, "msg_1").delete("tasks/1")
        agent = turn(service, ada, "msg_2")
        held = await agent.hold({"type": "undo", "group_id": "msg_1"})

        confirmed = await agent.confirm(held)

        assert confirmed.status_code == 200, confirmed.text
        assert await ada.titles() == ["a"]

    @pytest.mark.parametrize(
        "operation",
        [
            {"type": "delete", "task_id": "tsk_nobody"},
            {"type": "delete-list", "list_id": "lst_nobody"},
            {"type": "explode"},
            {"type": "undo", "group_id": "msg_nothing"},
            {"type": "delete", "task_id": "a\0b"},
        ],
    )
    async def test_invalid_operations_are_rejected(
        self, service: Service, ada: Person, operation: dict[str, Any]
    ) -> None:
        response = await turn(service, ada, "msg_1").post(
            "changes/pending", {"operations": [operation]}
        )

        assert 400 <= response.status_code < 500
