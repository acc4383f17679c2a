"""Idempotency-Key: one effect for any number of requests."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from tasks_kit import Person

from tasks_service.service.idempotent_writer import (
    ChangeFunction,
    IdempotentWriter,
    WriteRequest,
    Written,
)
from tasks_service.service.user_work import UserWork
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.http.idempotency import IdempotencyInProgressError
from todochat.testing import wait_until


async def test_repeat_gets_the_first_response_without_effect(ada: Person) -> None:
    first = await ada.post("tasks", {"title": "milk"}, Idempotency_Key="k1")
    second = await ada.post("tasks", {"title": "milk"}, Idempotency_Key="k1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await ada.titles() == ["milk"]


async def test_requests_without_a_key_are_not_deduplicated(ada: Person) -> None:
    await ada.make_task("milk")
    await ada.make_task("milk")

    assert await ada.titles() == ["milk", "milk"]


async def test_every_change_can_be_repeated(ada: Person) -> None:
    entry = await ada.make_list("Shopping")
    calls = [
        ("POST", "tasks", {"title": "milk"}),
        ("PATCH", "tasks/1", {"title": "oat milk"}),
        ("POST", "tasks/1/complete", None),
        ("PATCH", "tasks/1/complete", None),
        ("POST", "tasks/1/reopen", None),
        ("DELETE", "tasks/1", None),
        ("POST", "tasks/1/restore", None),
        ("POST", "lists", {"name": "Work"}),
        ("PATCH", f"lists/{entry['id']}", {"name": "Groceries"}),
        ("DELETE", f"lists/{entry['id']}", None),
    ]

    for method, rest, body in calls:
        header = {"Idempotency-Key": "the-same-for-all"}
        responses = [await ada.call(method, rest, json=body, headers=header) for _ in range(2)]

        assert responses[0].is_success, responses[0].text
        assert responses[1].content == responses[0].content
        assert responses[1].status_code == responses[0].status_code
        assert responses[1].headers["idempotent-replayed"] == "true"


async def test_same_key_with_another_body_gets_422(ada: Person) -> None:
    await ada.post("tasks", {"title": "milk"}, Idempotency_Key="k1")

    response = await ada.post("tasks", {"title": "bread"}, Idempotency_Key="k1")

    assert response.status_code == 422
    assert response.json()["type"] == "urn:todochat:problem:idempotency-key-reused"
    assert await ada.titles() == ["milk"]


async def test_same_key_on_another_task_gets_422_without_effect(ada: Person) -> None:
    await ada.make_task("one")
    await ada.make_task("two")
    await ada.post("tasks/1/complete", Idempotency_Key="k1")

    response = await ada.post("tasks/2/complete", Idempotency_Key="k1")

    assert response.status_code == 422
    assert await ada.titles() == ["two"]


async def test_keys_are_scoped_to_user_and_route(ada: Person, bob: Person) -> None:
    responses = [
        await ada.post("tasks", {"title": "milk"}, Idempotency_Key="k1"),
        await ada.post("lists", {"name": "milk"}, Idempotency_Key="k1"),
        await bob.post("tasks", {"title": "milk"}, Idempotency_Key="k1"),
    ]

    assert [response.status_code for response in responses] == [201, 201, 201]
    assert not any("idempotent-replayed" in response.headers for response in responses)


async def test_rejected_change_is_not_stored(ada: Person) -> None:
    refused = await ada.post("tasks/1/complete", Idempotency_Key="k1")
    await ada.make_task("milk")

    accepted = await ada.post("tasks/1/complete", Idempotency_Key="k1")

    assert (refused.status_code, accepted.status_code) == (404, 200)
    assert "idempotent-replayed" not in accepted.headers


async def test_concurrent_repeats_have_one_effect_and_one_response(ada: Person) -> None:
    responses = await asyncio.gather(
        *(ada.post("tasks", {"title": "milk"}, Idempotency_Key="k1") for _ in range(20))
    )

    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sum("idempotent-replayed" in response.headers for response in responses) == 19
    assert await ada.titles() == ["milk"]


async def hold_until(release: asyncio.Event, started: asyncio.Event) -> ChangeFunction:
    """Return a change that is in progress until `release` is set."""

    async def change(work: UserWork) -> None:
        started.set()
        await release.wait()

    return change


def write_request(user_id: str, **members: Any) -> WriteRequest:
    values = {"actor": "user", "method": "POST", "route": "r", "fingerprint": "f"}
    return WriteRequest(user_id=user_id, **{**values, **members})


async def with_writer(
    url: str, max_wait_s: float, use: Callable[[IdempotentWriter], Awaitable[Written]]
) -> Written:
    database = Database(create_engine(url, application_name="test"))
    try:
        return await use(IdempotentWriter(database, lambda user_id: None, max_wait_s=max_wait_s))
    finally:
        await database.aclose()


async def test_repeat_that_waits_too_long_gets_409(tasks_urls: DatabaseUrls, ada: Person) -> None:
    async def use(writer: IdempotentWriter) -> Written:
        release, started = asyncio.Event(), asyncio.Event()
        request = write_request(ada.user_id, idempotency_key="k1")
        first = asyncio.create_task(
            writer.write(request, HTTPStatus.NO_CONTENT, await hold_until(release, started))
        )
        await started.wait()
        with pytest.raises(IdempotencyInProgressError):
            await writer.write(request, HTTPStatus.NO_CONTENT, await hold_until(release, started))
        release.set()
        await first
        return await writer.write(
            request, HTTPStatus.NO_CONTENT, await hold_until(release, started)
        )

    repeat = await with_writer(tasks_urls.app, 0.2, use)

    assert repeat.is_replay


async def test_repeat_runs_when_the_first_request_fails(
    tasks_urls: DatabaseUrls, ada: Person
) -> None:
    async def use(writer: IdempotentWriter) -> Written:
        release, started = asyncio.Event(), asyncio.Event()

        async def fail(work: UserWork) -> None:
            started.set()
            await release.wait()
            raise RuntimeError("lost")

        async def succeed(work: UserWork) -> None:
            return None

        request = write_request(ada.user_id, idempotency_key="k1")
        first = asyncio.create_task(writer.write(request, HTTPStatus.NO_CONTENT, fail))
        await started.wait()
        second = asyncio.create_task(writer.write(request, HTTPStatus.NO_CONTENT, succeed))
        pool: Any = writer._database.engine.pool
        await wait_until(lambda: pool.checkedout() == 2)
        release.set()
        with pytest.raises(RuntimeError):
            await first
        return await second

    second = await with_writer(tasks_urls.app, 5, use)

    assert not second.is_replay


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\u00e9t\u00e9", "a\tb"])
async def test_malformed_key_gets_400(ada: Person, key: str) -> None:
    response = await ada.call(
        "POST", "tasks", json={"title": "milk"}, headers={"Idempotency-Key": key.encode()}
    )

    assert response.status_code == 400
    assert await ada.titles() == []


@pytest.mark.parametrize("key", ["x", "x" * 128, "!~", "run_1:3:0"])
async def test_key_at_its_limits_is_accepted(ada: Person, key: str) -> None:
    response = await ada.post("tasks", {"title": "milk"}, Idempotency_Key=key)

    assert response.status_code == 201


async def test_repeated_request_names_the_same_changes(ada: Person) -> None:
    first = await ada.post("tasks", {"title": "a"}, Idempotency_Key="k1")
    again = await ada.post("tasks", {"title": "a"}, Idempotency_Key="k1")
    unchanged = await ada.patch("tasks/1", {"title": "a"})

    assert first.headers["X-Change-Request"] == again.headers["X-Change-Request"]
    assert "X-Change-Request" not in unchanged.headers
