"""X-Run-Id and X-Run-Attempt: a worker that lost its run can't make changes."""

import asyncio

import pytest
from tasks_kit import Person, Service


def run(attempt: int, run_id: str = "run_1") -> dict[str, object]:
    return {"X_Run_Id": run_id, "X_Run_Attempt": attempt}


@pytest.fixture
def agent(service: Service, ada: Person) -> Person:
    return service.agent(ada.user_id)


async def test_lower_attempt_is_rejected_without_effect(agent: Person, ada: Person) -> None:
    first = await agent.post("tasks", {"title": "one"}, **run(2))
    late = await agent.post("tasks", {"title": "two"}, **run(1))

    assert (first.status_code, late.status_code) == (201, 409)
    assert late.json()["type"] == "urn:todochat:problem:stale-attempt"
    assert late.json()["attempt"] == 2
    assert await ada.titles() == ["one"]


@pytest.mark.parametrize("attempt", [2, 3])
async def test_same_and_higher_attempts_are_accepted(
    agent: Person, ada: Person, attempt: int
) -> None:
    await agent.post("tasks", {"title": "one"}, **run(2))

    response = await agent.post("tasks", {"title": "two"}, **run(attempt))

    assert response.status_code == 201


async def test_user_cannot_fence_off_a_run(agent: Person, ada: Person) -> None:
    users_own = await ada.post("tasks", {"title": "one"}, **run(2**31 - 1))

    response = await agent.post("tasks", {"title": "two"}, **run(1))

    assert (users_own.status_code, response.status_code) == (201, 201)


async def test_every_change_is_fenced(agent: Person, ada: Person) -> None:
    entry = await ada.make_list("Shopping")
    await agent.post("tasks", {"title": "one"}, **run(2))
    before = ((await ada.get("tasks")).json(), (await ada.get("lists")).json())

    late = [
        await agent.patch("tasks/1", {"title": "x"}, **run(1)),
        await agent.post("tasks/1/complete", **run(1)),
        await agent.patch("tasks/1/complete", **run(1)),
        await agent.post("tasks/1/reopen", **run(1)),
        await agent.post("tasks/1/restore", **run(1)),
        await agent.delete("tasks/1", **run(1)),
        await agent.post("lists", {"name": "x"}, **run(1)),
        await agent.patch(f"lists/{entry['id']}", {"name": "x"}, **run(1)),
        await agent.delete(f"lists/{entry['id']}", **run(1)),
    ]

    assert [response.status_code for response in late] == [409] * len(late)
    assert ((await ada.get("tasks")).json(), (await ada.get("lists")).json()) == before


async def test_lower_attempt_cannot_replay_its_own_change(agent: Person) -> None:
    key = {"Idempotency_Key": "run_1:0:0"}
    await agent.post("tasks", {"title": "one"}, **run(1), **key)
    await agent.post("tasks", {"title": "one"}, **run(2), **key)

    late = await agent.post("tasks", {"title": "one"}, **run(1), **key)

    assert late.status_code == 409


async def test_later_attempt_replays_the_earlier_attempts_change(
    agent: Person, ada: Person
) -> None:
    key = {"Idempotency_Key": "run_1:0:0"}
    first = await agent.post("tasks", {"title": "one"}, **run(1), **key)

    again = await agent.post("tasks", {"title": "one"}, **run(2), **key)

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await ada.titles() == ["one"]


async def test_attempt_is_recorded_when_its_change_is_rejected(agent: Person, ada: Person) -> None:
    await agent.post("tasks/99/complete", **run(2))

    late = await agent.post("tasks", {"title": "late"}, **run(1))

    assert late.status_code == 409


async def test_fences_are_separate_per_run_and_user(
    service: Service, agent: Person, bob: Person
) -> None:
    await agent.post("tasks", {"title": "one"}, **run(5))

    responses = [
        await agent.post("tasks", {"title": "two"}, **run(1, "run_2")),
        await service.agent(bob.user_id).post("tasks", {"title": "three"}, **run(1)),
    ]

    assert [response.status_code for response in responses] == [201, 201]


async def test_concurrent_attempts_commit_in_ascending_order(agent: Person, ada: Person) -> None:
    async def write(attempt: int) -> int:
        response = await agent.post("tasks", {"title": str(attempt)}, **run(attempt))
        return response.status_code

    statuses = await asyncio.gather(*(write(attempt) for attempt in range(1, 13)))

    written = [int(title) for title in await ada.titles(order="asc")]
    assert written == sorted(written)
    assert written[-1] == 12
    assert sorted(written) == [n + 1 for n, status in enumerate(statuses) if status == 201]


async def test_feed_events_include_actor_and_run(agent: Person, ada: Person) -> None:
    async with ada.feed(after=0) as feed:
        await ada.make_task("mine")
        await agent.post("tasks", {"title": "the agent's"}, **run(1))

        _inbox, mine, agents = [document for _, document in await feed.events(3)]

    assert (mine["actor"], mine.get("run_id")) == ("user", None)
    assert (agents["actor"], agents["run_id"]) == ("agent", "run_1")


async def test_users_own_request_does_not_fence_their_run(agent: Person, ada: Person) -> None:
    await ada.post("tasks", {"title": "x"}, **run(9))

    response = await agent.post("tasks", {"title": "y"}, **run(1))

    assert response.status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Run-Id": "run_1"},
        {"X-Run-Attempt": "1"},
        {"X-Run-Id": "", "X-Run-Attempt": "1"},
        {"X-Run-Id": "a b", "X-Run-Attempt": "1"},
        {"X-Run-Id": "x" * 129, "X-Run-Attempt": "1"},
        {"X-Run-Id": "run_1", "X-Run-Attempt": "0"},
        {"X-Run-Id": "run_1", "X-Run-Attempt": "-1"},
        {"X-Run-Id": "run_1", "X-Run-Attempt": "2147483648"},
        {"X-Run-Id": "run_1", "X-Run-Attempt": "9" * 40},
        {"X-Run-Id": "run_1", "X-Run-Attempt": "one"},
    ],
    ids=str,
)
async def test_malformed_fence_gets_400(
    agent: Person, ada: Person, headers: dict[str, str]
) -> None:
    response = await agent.call("POST", "tasks", json={"title": "x"}, headers=headers)

    assert response.status_code == 400
    assert await ada.titles() == []


async def test_fence_at_its_limits_is_accepted(agent: Person) -> None:
    response = await agent.post("tasks", {"title": "x"}, **run(2147483647, "x" * 128))

    assert response.status_code == 201
