"""The command `python -m todo_agent usage`."""

import asyncio
import json
import os
import sys
from datetime import date

import pytest
from chat_kit import Admin

from durable_chatkit.storage.usage_repository import DayUsage, UserUsage
from durable_chatkit.usage_report import UsageReport, format_table
from todochat.clock import utc_now
from todochat.database.bootstrap import DatabaseUrls


async def run_usage(urls: DatabaseUrls, *options: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "todo_agent", "usage", *options),
        env={**os.environ, "CHAT_JOBS_DATABASE_URL": urls.jobs, "TODO_AGENT_CURRENCY": "EUR"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def used(admin: Admin) -> None:
    """Two users with usage today, one of them also with usage last month."""
    for run, user, age, tokens in (
        ("run_1", "usr_ada", 0, 100),
        ("run_2", "usr_bob", 0, 50),
        ("run_3", "usr_ada", 30, 7),
    ):
        await admin.execute(
            "INSERT INTO run_usage VALUES ($1, 'answer/0000', $2,"
            " (now() AT TIME ZONE 'utc')::date - $3::integer, 'gpt', $4, 10, 5, 1500000, false)",
            run,
            user,
            age,
            tokens,
        )
    await admin.execute(
        "INSERT INTO usage_days SELECT day, model, count(*), sum(input_tokens), sum(cached_tokens),"
        " sum(output_tokens), sum(cost_micros) FROM run_usage GROUP BY day, model"
    )


async def test_json_report_of_all_users_for_a_week(empty_chat: DatabaseUrls, used: None) -> None:
    code, out, _ = await run_usage(empty_chat, "--json")

    report = json.loads(out)
    today = {"answers": 2, "input_tokens": 150, "cached_tokens": 20, "output_tokens": 10}
    assert code == 0
    assert report["currency"] == "EUR"
    assert report["days"] == [
        {"day": f"{utc_now().date()}", "model": "gpt", "cost_micros": 3_000_000, **today}
    ]
    assert [entry["user_id"] for entry in report["users"]] == ["usr_ada", "usr_bob"]


async def test_json_report_of_one_user_for_a_quarter(empty_chat: DatabaseUrls, used: None) -> None:
    _, out, _ = await run_usage(empty_chat, "--json", "--days", "90", "--user", "usr_ada")

    report = json.loads(out)
    assert [entry["input_tokens"] for entry in report["days"]] == [100, 7]
    assert [entry["input_tokens"] for entry in report["users"]] == [107]


async def test_report_without_usage(empty_chat: DatabaseUrls) -> None:
    code, out, _ = await run_usage(empty_chat)

    assert (code, out[:20]) == (0, "No model usage since")


async def test_invalid_option_is_rejected(empty_chat: DatabaseUrls) -> None:
    code, _, err = await run_usage(empty_chat, "--days", "0")

    assert code == 2
    assert "1 to 3660" in err


def test_table_aligns_figures_to_the_right() -> None:
    day = date(2026, 11, 23)
    report = UsageReport(
        since=day,
        currency="USD",
        days=[DayUsage(day, "gpt-5", 12, 123_456, 1000, 789, 1_234_567)],
        users=[UserUsage("usr_ada", 12, 123_456, 1000, 789, 1_234_567)],
    )

    assert format_table(report).splitlines() == [
        "day (UTC)   model  answers       in  cached  out     USD",
        "2026-11-23  gpt-5       12  123,456   1,000  789  1.2346",
        "",
        "user     answers       in  cached  out     USD",
        "usr_ada       12  123,456   1,000  789  1.2346",
    ]
