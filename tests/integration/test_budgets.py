"""Budgets and their report over the whole stack."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stack_kit import TODOCHAT, SignUp, Stack, run_stack
from todochat.testing.model_server import Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # a stack of its own


@pytest.fixture(scope="module")
def paid_stack(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    scripted_model.usage = (60, 20, 40)
    variables = {
        "OPENAI_BASE_URL": scripted_model.url,
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_PRICES": "scripted=2/1/10",
        "TODO_AGENT_BUDGET_USER_TOKENS": "150",
    }
    yield from run_stack("paid", variables)


def report(stack: Stack, *options: str) -> str:
    command = [TODOCHAT, "admin", "--data-dir", str(stack.data_dir), "usage", *options]
    done = subprocess.run(
        command, env=stack.environment, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


async def test_exhausted_budget_is_refused_with_reset_time_and_reported(
    paid_stack: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada, bob = await sign_up(paid_stack), await sign_up(paid_stack)
    for word in ("one", "two", "three"):
        scripted_model.answer(Say(word))
    first = await ada.ask("hi")
    second = await ada.ask("again", first.thread_id)

    async with ada.say("and again", first.thread_id) as stream:
        await stream.response.aread()
    others = await bob.ask("hi")

    assert (first.ended, second.ended, others.ended) == ("completed", "completed", "completed")
    assert stream.response.status_code == 429
    problem = stream.response.json()
    assert problem["type"].endswith("budget-spent")
    assert "00:00 UTC" in problem["detail"]
    assert int(stream.response.headers["retry-after"]) > 0
    used = json.loads(report(paid_stack, "--json", "--user", ada.user_id))
    (day,) = used["days"]
    assert day["day"] == f"{datetime.now(UTC).date()}"
    assert (day["answers"], day["input_tokens"], day["output_tokens"]) == (2, 120, 80)
    assert day["cost_micros"] == 2 * (40 * 2 + 20 * 1 + 40 * 10)
    assert ada.user_id in report(paid_stack)
    assert bob.user_id in report(paid_stack)
