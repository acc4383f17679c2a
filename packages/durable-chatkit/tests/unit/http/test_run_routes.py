"""`/internal/runs`."""

from collections.abc import Callable
from typing import Any

import pytest
from api_kit import Gateway
from chat_kit import Admin, MakeMessage, MakeUser, claim
from redis.asyncio import Redis

from durable_chatkit.storage.run_repository import RunRepository
from todochat import bus


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
async def run(gateway: Gateway, user: str, message: MakeMessage) -> dict[str, Any]:
    """An accepted run."""
    accepted: dict[str, Any] = (await gateway.chatkit(message(), user)).json()
    return accepted


async def test_get_run_returns_public_fields(
    gateway: Gateway, user: str, run: dict[str, Any]
) -> None:
    response = await gateway.get(f"/internal/runs/{run['run_id']}", user)

    body = response.json()
    assert response.status_code == 200
    assert body["run_id"] == run["run_id"]
    assert body["thread_id"] == run["thread_id"]
    assert body["conversation_id"] == 1
    assert (body["status"], body["user_id"], body["ended_at"]) == ("queued", user, None)
    assert body["created_at"].endswith("Z")


async def test_active_run_of_thread_is_listed_until_it_ends(
    gateway: Gateway, user: str, run: dict[str, Any], runs: RunRepository
) -> None:
    path = f"/internal/runs?thread_id={run['thread_id']}"
    claimed = await claim(runs)

    active = await gateway.get(f"{path}&status=active", user)
    await runs.finish(claimed.run_id, 1, "completed", None, 1)
    later = await gateway.get(f"{path}&status=active", user)
    ended = await gateway.get(path, user)

    assert [item["status"] for item in active.json()["items"]] == ["running"]
    assert later.json()["items"] == []
    assert [item["status"] for item in ended.json()["items"]] == ["completed"]


@pytest.mark.parametrize("thread_id", ["thr_unknown", "%00", "thr_%C3%A4", "a%20b"])
async def test_unknown_thread_has_no_runs(gateway: Gateway, user: str, thread_id: str) -> None:
    response = await gateway.get(f"/internal/runs?thread_id={thread_id}", user)

    assert response.json() == {"items": [], "stopped_after": [], "interrupted_after": []}


async def test_active_runs_are_listed_newest_first(
    gateway: Gateway, user: str, message: MakeMessage
) -> None:
    made = [(await gateway.chatkit(message(), user)).json()["run_id"] for _ in range(3)]

    response = await gateway.get("/internal/runs?status=active", user)

    assert [item["run_id"] for item in response.json()["items"]] == made[::-1]


@pytest.mark.parametrize("query", ["", "?status=ended", "?status="])
async def test_run_list_requires_a_filter(gateway: Gateway, user: str, query: str) -> None:
    response = await gateway.get(f"/internal/runs{query}", user)

    assert response.status_code == 422


async def test_cancel_is_stored_and_signals_the_worker(
    gateway: Gateway,
    user: str,
    run: dict[str, Any],
    runs: RunRepository,
    redis: Redis,
    wait: Callable[..., Any],
) -> None:
    await claim(runs)
    poked: list[str] = []
    async with bus.WorkerChannels(redis, "w1") as channels:
        channels.on_control(poked.append)
        await channels.wait_wake(5)  # subscribing wakes once

        response = await gateway.cancel(run["run_id"], user)

        await wait(lambda: poked)
    (lease,) = await runs.renew("w1", 60)
    assert response.status_code == 202
    assert response.json() == {"status": "running"}
    assert poked == [run["run_id"]]
    assert (lease.cancel_requested, lease.cancel_reason) == (True, "user")


async def test_repeated_cancel_keeps_first_reason(
    gateway: Gateway, user: str, run: dict[str, Any], runs: RunRepository
) -> None:
    await gateway.cancel(run["run_id"], user, "abandoned")
    await gateway.cancel(run["run_id"], user, "user")

    assert (await claim(runs)).cancel_reason == "abandoned"


async def test_cancelling_ended_run_is_a_no_op(
    gateway: Gateway, user: str, run: dict[str, Any], runs: RunRepository
) -> None:
    claimed = await claim(runs)
    await runs.finish(claimed.run_id, 1, "completed", None, 1)

    response = await gateway.cancel(run["run_id"], user)

    assert response.status_code == 202
    assert response.json() == {"status": "completed"}


@pytest.mark.parametrize("body", [{}, {"reason": "bored"}, {"reason": "user", "user_id": "x"}])
async def test_cancel_with_unknown_reason_returns_422(
    gateway: Gateway, user: str, run: dict[str, Any], body: dict[str, str]
) -> None:
    path = f"/internal/runs/{run['run_id']}/cancel"

    response = await gateway.client.post(path, headers=gateway.headers(user), json=body)

    assert response.status_code == 422


async def test_other_users_run_returns_404_and_is_unchanged(
    gateway: Gateway, make_user: MakeUser, user: str, run: dict[str, Any], admin: Admin
) -> None:
    other = make_user()

    found = await gateway.get(f"/internal/runs/{run['run_id']}", other)
    cancelled = await gateway.cancel(run["run_id"], other)
    listed = await gateway.get(f"/internal/runs?thread_id={run['thread_id']}", other)

    assert found.status_code == cancelled.status_code == 404
    assert listed.json() == {"items": [], "stopped_after": [], "interrupted_after": []}
    assert await admin.value("SELECT cancel_requested_at FROM runs") is None


@pytest.mark.parametrize("run_id", ["run_unknown", "%00", "run_%C3%A4", "x" * 300])
async def test_unknown_run_returns_404(gateway: Gateway, user: str, run_id: str) -> None:
    assert (await gateway.get(f"/internal/runs/{run_id}", user)).status_code == 404
    assert (await gateway.cancel(run_id, user)).status_code == 404


async def test_malformed_thread_id_has_no_runs(gateway: Gateway) -> None:
    response = await gateway.get("/internal/runs?thread_id=%C2%B8%7Dk1", "usr_a")

    assert (response.status_code, response.json()) == (
        200,
        {"items": [], "stopped_after": [], "interrupted_after": []},
    )
