"""Usage of model calls is counted once, and a spent daily budget stops runs."""

from datetime import timedelta
from typing import Any

import pytest
from agents import Agent
from sqlalchemy import text
from worker_kit import Register

from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.chatkit.acceptance import Acceptance
from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.chatkit.server import AcceptingServer
from durable_chatkit.errors import BudgetExceededError
from durable_chatkit.storage.purges import purge_usage
from todochat.clock import utc_now
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

USER = "usr_ada"


async def rows(chat: Any) -> list[Any]:
    statement = text(
        "SELECT key, model, input_tokens, cached_tokens, output_tokens, cost_micros, is_estimated"
        " FROM run_usage ORDER BY run_id, key"
    )
    async with chat.jobs.transaction(None) as session:
        return [tuple(row) for row in await session.execute(statement)]


async def totals(chat: Any) -> list[Any]:
    statement = text("SELECT model, answers, input_tokens, output_tokens FROM usage_days")
    async with chat.jobs.transaction(None) as session:
        return [tuple(row) for row in await session.execute(statement)]


async def spend(chat: Any, tokens: int, user: str = "usr_other") -> None:
    """Insert usage of today."""
    today = utc_now().date()
    async with chat.jobs.transaction(None) as session:
        await session.execute(
            text(
                "INSERT INTO run_usage"
                " VALUES ('run_x', 'answer/0000', :user, :day, 'm', :tokens, 0, 0, 0, false)"
            ),
            {"user": user, "day": today, "tokens": tokens},
        )
        await session.execute(
            text("INSERT INTO usage_days VALUES (:day, 'm', 1, :tokens, 0, 0, 0)"),
            {"day": today, "tokens": tokens},
        )


def errors(events: list[Any]) -> list[str]:
    return [event.message for event in events if event.type == "error"]


async def test_every_model_call_is_counted_with_its_cost(
    chat: Any, model: ScriptedModelServer, wire: str
) -> None:
    model.usage = (1000, 400, 50)
    model.answer(Call("find_tasks"))
    model.answer(Say("Nothing."))
    await chat.start_worker(api=wire, prices="scripted=2/0.5/10,other=1/1/1")

    await chat.ask("what's open?")

    # 600 new tokens at 2, 400 cached ones at 0.5, 50 output tokens at 10, each per million.
    answer = ("scripted", 1000, 400, 50, 1900, False)
    assert await rows(chat) == [("answer/0000", *answer), ("answer/0001", *answer)]
    assert await totals(chat) == [("scripted", 2, 2000, 100)]


async def test_missing_usage_is_estimated(chat: Any, model: ScriptedModelServer, wire: str) -> None:
    model.usage = None
    model.answer(Say("word " * 100))
    await chat.start_worker(api=wire)

    await chat.ask("talk")

    ((_, _, given, _, output, cost, is_estimated),) = await rows(chat)
    assert given > 0
    assert output >= 100
    assert (cost, is_estimated) == (None, True)


async def test_second_attempt_counts_only_new_model_calls(
    chat: Any, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Call("find_tasks"))
    model.answer(Say("Let", gate))
    model.answer(Say("Nothing."))
    first = await chat.start_worker()
    run = await chat.say_until(gate, "what's open?")
    await wait_until(lambda: chat.has_text(run, "Let"))
    await first.aclose(0)

    await chat.start_worker()

    assert await chat.wait_for_end(run) == "completed"
    assert [row[0] for row in await rows(chat)] == ["answer/0000", "answer/0001"]
    assert await totals(chat) == [("scripted", 2, 2, 2)]


async def test_cancelled_run_keeps_usage_of_finished_calls(
    chat: Any, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Call("find_tasks"))
    model.answer(Say("Let", gate))
    await chat.start_worker()
    run = await chat.say_until(gate, "what's open?")

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    assert [row[0] for row in await rows(chat)] == ["answer/0000"]


async def test_failed_run_keeps_usage_of_finished_calls(
    chat: Any, model: ScriptedModelServer
) -> None:
    model.answer(Call("find_tasks"))
    model.fail(400)
    await chat.start_worker()

    run = await chat.ask("what's open?")

    assert await chat.wait_for_end(run) == "failed"
    assert [row[0] for row in await rows(chat)] == ["answer/0000"]


async def test_offline_assistant_has_no_usage(chat: Any) -> None:
    await spend(chat, 100, USER)
    await chat.start_worker(openai_base_url="", model="", budget_user_tokens=1)

    run = await chat.ask("add milk")

    assert await chat.wait_for_end(run) == "completed"
    assert len(await rows(chat)) == 1  # the inserted one


@pytest.mark.parametrize(
    ("changes", "spender", "message"),
    [
        ({"budget_user_tokens": 100}, USER, "Your budget for today is used up."),
        ({"budget_total_tokens": 100}, "usr_other", "The total budget for today is used up."),
    ],
)
async def test_spent_budget_stops_model_calls(
    chat: Any, model: ScriptedModelServer, changes: dict[str, int], spender: str, message: str
) -> None:
    await spend(chat, 100, spender)
    await chat.start_worker(**changes)

    run = await chat.ask("hi")

    (shown,) = errors(await chat.events(run))
    assert shown.startswith(message)
    assert "00:00 UTC, in " in shown
    assert (await chat.row(run))["error"] == "budget-spent"
    assert model.requests == []


async def test_user_budget_does_not_affect_other_users(
    chat: Any, model: ScriptedModelServer
) -> None:
    await spend(chat, 100, "usr_other")
    model.answer(Say("hi"))
    await chat.start_worker(budget_user_tokens=100, budget_total_tokens=1000)

    assert await chat.wait_for_end(await chat.ask("hi")) == "completed"


async def test_run_stops_between_model_calls_when_budget_is_spent(
    chat: Any, model: ScriptedModelServer
) -> None:
    model.usage = (90, 0, 10)
    model.answer(Call("add_task", {"title": "milk"}))
    await chat.start_worker(budget_user_tokens=100)

    run = await chat.ask("add milk, and tell me a story")

    assert (await chat.row(run))["error"] == "budget-spent"
    assert len(model.requests) == 1


async def test_cost_budget_stops_model_calls(chat: Any, model: ScriptedModelServer) -> None:
    model.usage = (1000, 0, 0)
    model.answer(Say("one"))
    await chat.start_worker(prices="scripted=10/1/1", budget_user_cost=0.01)
    await chat.ask("hi")

    second = await chat.ask("again")

    assert (await chat.row(second))["error"] == "budget-spent"


class TestAcceptance:
    @pytest.fixture
    def limited(self, chat: Any) -> Acceptance:
        server = AcceptingServer(chat.store)
        return Acceptance(
            chat.db, server, chat.signals, max_active_runs=5, budgets=Budgets(user_tokens=100)
        )

    async def test_rejected_message_names_the_reset_time(
        self, chat: Any, limited: Acceptance
    ) -> None:
        await spend(chat, 100, USER)
        chat.acceptance = limited

        with pytest.raises(BudgetExceededError, match="00:00 UTC") as refused:
            await chat.say("hi")

        tomorrow = utc_now().date() + timedelta(days=1)
        assert refused.value.extensions["resets_at"] == f"{tomorrow}T00:00:00Z"

    async def test_action_is_accepted_with_spent_budget(
        self, chat: Any, limited: Acceptance
    ) -> None:
        run = await chat.say("hi")
        await spend(chat, 100, USER)
        chat.acceptance = limited

        acted = await chat.request(
            {
                "type": "threads.custom_action",
                "params": {"thread_id": run.thread_id, "action": {"type": "x", "payload": {}}},
            }
        )

        assert acted.thread_id == run.thread_id

    async def test_usage_of_other_users_does_not_count(
        self, chat: Any, limited: Acceptance
    ) -> None:
        await spend(chat, 100, "usr_other")
        chat.acceptance = limited

        assert await chat.say("hi")


async def test_purge_deletes_usage_older_than_the_retention(chat: Any) -> None:
    await spend(chat, 100)
    today = utc_now().date()

    assert await purge_usage(chat.jobs, today, 400) == 0
    assert await purge_usage(chat.jobs, today + timedelta(days=402), 400) == 1
    assert await rows(chat) == []


def nested_agents(environment: AgentEnvironment) -> Agent[Any]:
    """Build an agent with another one, of a model with another name, as a tool."""
    clerk = Agent[Any](name="Clerk", instructions="Clerk", model="other")
    tool = clerk.as_tool("clerk", "A clerk")
    return Agent(name="Boss", instructions="Boss", model=environment.model, tools=[tool])


@pytest.fixture
def nested(register: Register) -> str:
    """The factory of `nested_agents`."""
    register(nested_agents=nested_agents)
    return "adopter:nested_agents"


async def test_nested_calls_without_a_stream_are_counted_by_their_model(
    chat: Any, model: ScriptedModelServer, nested: str
) -> None:
    model.usage = (1000, 0, 100)
    model.answer(Call("clerk", {"input": "a"}))
    model.answer(Say("Clerked."))
    model.answer(Say("Done."))
    await chat.start_worker(factory=nested, prices="scripted=1/1/1,other=2/2/2")

    run = await chat.ask("go")

    assert await chat.wait_for_end(run) == "completed"
    assert model.requests[1].body["model"] == "other"
    counted = {(key.count("/run/"), cost) for key, *_, cost, _ in await rows(chat)}
    assert counted == {(0, 1100), (1, 2200)}
    assert len(await rows(chat)) == 3


async def test_spent_budget_stops_a_nested_call(
    chat: Any, model: ScriptedModelServer, nested: str
) -> None:
    model.usage = (1000, 0, 100)
    model.answer(Call("clerk", {"input": "a"}))
    await chat.start_worker(factory=nested, budget_user_tokens=1000)

    run = await chat.ask("go")

    assert await chat.wait_for_end(run) == "failed"
    assert len(model.requests) == 1
    assert "Your budget for today is used up" in errors(await chat.events(run))[0]
