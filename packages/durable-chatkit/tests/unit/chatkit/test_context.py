"""Ids of a run are equal in every attempt, and removed ids are never reused."""

import asyncio

from durable_chatkit.chatkit.context import IdScope, id_step


def test_second_attempt_generates_the_same_ids() -> None:
    first, second = IdScope("run_1"), IdScope("run_1")

    assert [first.next_id("message") for _ in range(3)] == [
        second.next_id("message") for _ in range(3)
    ]


def test_ids_of_a_run_differ_by_run_type_step_and_count() -> None:
    scope = IdScope("run_1")
    made = [scope.next_id("message"), scope.next_id("message"), scope.next_id("workflow")]
    with id_step("answer/0001/0"):
        made.append(scope.next_id("message"))
    made.append(IdScope("run_2").next_id("message"))

    assert len(set(made)) == 5


def test_an_id_is_a_prefix_and_26_characters() -> None:
    prefix, _, rest = IdScope("run_1").next_id("message").partition("_")

    assert prefix == "msg"
    assert len(rest) == 26
    assert rest == rest.lower()


async def test_parallel_tools_generate_the_same_ids_in_any_order() -> None:
    async def tool(
        scope: IdScope, step: str, before: asyncio.Event, after: asyncio.Event
    ) -> list[str]:
        with id_step(step):
            await before.wait()
            made = [scope.next_id("message"), scope.next_id("message")]
            after.set()
            return made

    async def attempt(first: str, second: str) -> dict[str, list[str]]:
        scope = IdScope("run_1")
        gates = {step: asyncio.Event() for step in (first, second)}
        done = asyncio.Event()
        gates[first].set()
        tasks = [
            asyncio.create_task(tool(scope, first, gates[first], gates[second])),
            asyncio.create_task(tool(scope, second, gates[second], done)),
        ]
        return dict(zip((first, second), await asyncio.gather(*tasks), strict=True))

    assert await attempt("tool/0", "tool/1") == await attempt("tool/1", "tool/0")


def test_removed_id_is_never_reused() -> None:
    first = IdScope("run_1").next_id("message")
    second = IdScope("run_1", frozenset({first})).next_id("message")
    third = IdScope("run_1", frozenset({first, second})).next_id("message")

    assert len({first, second, third}) == 3
    assert IdScope("run_1", frozenset({first})).next_id("message") == second
