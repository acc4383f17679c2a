"""ETag, If-Match and If-None-Match of tasks and lists."""

import asyncio
from typing import Any

import pytest
from tasks_kit import Person, StartService


async def tag_of(person: Person, path: str) -> str:
    tag: str = (await person.get(path)).headers["ETag"]
    return tag


async def test_known_state_is_not_sent_again(ada: Person) -> None:
    await ada.make_task("a")
    home = await ada.make_list("Home")
    for path, change in (("tasks/1", {"notes": "n"}), (f"lists/{home['id']}", {"name": "House"})):
        tag = await tag_of(ada, path)

        known = await ada.call("GET", path, headers={"If-None-Match": tag})
        weak = await ada.call("GET", path, headers={"If-None-Match": f'"x", W/{tag}'})
        changed = await ada.patch(path, change)
        new = await ada.call("GET", path, headers={"If-None-Match": tag})

        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
        assert weak.status_code == 304
        assert (new.status_code, new.json()) == (200, changed.json())
        assert new.headers["ETag"] == changed.headers["ETag"] != tag


async def test_change_of_an_outdated_state_is_rejected_with_the_current_one(ada: Person) -> None:
    task = await ada.make_task("a")
    home = await ada.make_list("Home")
    paths: dict[str, dict[str, Any]] = {
        f"tasks/{task['id']}": {"title": "mine"},
        f"lists/{home['id']}": {"name": "mine"},
    }
    for path, change in paths.items():
        seen = await tag_of(ada, path)
        other = (
            await ada.patch(path, {"title": "b"} if "title" in change else {"name": "b"})
        ).json()

        for refused in (
            await ada.patch(path, change, If_Match=seen),
            await ada.delete(path, If_Match=seen),
            await ada.patch(path, change, If_Match=f"W/{await tag_of(ada, path)}"),
        ):
            assert refused.status_code == 412
            assert refused.json()["type"] == "urn:todochat:problem:version-changed"
            assert refused.json()["current"] == other
            assert refused.headers["ETag"] == await tag_of(ada, path)
        accepted = await ada.patch(path, change, If_Match=f'"x", {refused.headers["ETag"]}')
        assert accepted.status_code == 200, accepted.text
        assert (await ada.delete(path, If_Match="*")).status_code == 204


async def test_changes_are_chained_by_the_tags_of_their_responses(ada: Person) -> None:
    made = await ada.post("tasks", {"title": "a"})

    renamed = await ada.patch("tasks/1", {"title": "b"}, If_Match=made.headers["ETag"])
    done = await ada.post("tasks/1/complete", If_Match=renamed.headers["ETag"])

    assert (renamed.status_code, done.status_code) == (200, 200)


async def test_one_of_two_concurrent_edits_of_the_same_state_is_accepted(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)
    await ada.make_task("a")
    seen = await tag_of(ada, "tasks/1")

    responses = await asyncio.gather(
        *(
            person.patch("tasks/1", {"title": f"edit {index}"}, If_Match=seen)
            for index, person in enumerate((ada, other) * 3)
        )
    )

    accepted = [response for response in responses if response.status_code == 200]
    assert sorted(response.status_code for response in responses) == [200, *[412] * 5]
    assert (await ada.get("tasks/1")).json() == accepted[0].json()


async def test_repeated_change_is_replayed_although_its_state_is_outdated(ada: Person) -> None:
    await ada.make_task("a")
    seen = await tag_of(ada, "tasks/1")

    responses = [
        await ada.patch("tasks/1", {"title": "b"}, If_Match=seen, Idempotency_Key="k1")
        for _ in range(2)
    ]

    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].json() == responses[1].json()


async def test_precondition_is_never_ignored(ada: Person) -> None:
    await ada.make_task("a")
    await ada.delete("tasks/1")

    missing = [
        await ada.patch("tasks/1", {"title": "b"}, If_Match="*"),
        await ada.delete("lists/lst_nothing", If_Match='"x"'),
    ]
    without_target = await ada.post("tasks", {"title": "b"}, If_Match='"x"')
    malformed = await ada.patch("tasks/1", {"title": "b"}, If_Match="x")

    assert {response.status_code for response in missing} == {404}
    assert (without_target.status_code, malformed.status_code) == (400, 400)
    assert await ada.titles() == []


@pytest.mark.parametrize("header", ["x", '"x'])
async def test_malformed_if_none_match_is_rejected(ada: Person, header: str) -> None:
    await ada.make_task("a")

    response = await ada.call("GET", "tasks/1", headers={"If-None-Match": header})

    assert response.status_code == 400
