"""Formatting of log lines, and hints for failures."""

from pathlib import Path

import pytest

from todochat_local.data_dir import DataDir
from todochat_local.hint import hint_for
from todochat_local.log_line import LineFormat


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain text", "plain text"),
        ('{"event":"run.claimed","level":"info","run_id":"r"}', "info    run.claimed run_id=r"),
        (
            '{"event":"x","level":"error","timestamp":"2026-11-23T06:01:46.9Z","n":1}',
            "06:01:46 error   x n=1",
        ),
        ('{"level":"warn","ts":1.5,"msg":"from Caddy","port":80}', "warn    from Caddy port=80"),
        ("{not json}", "{not json}"),
        ("[1]", "[1]"),
    ],
)
def test_json_line_is_formatted_as_text(line: str, shown: str) -> None:
    assert LineFormat(color=False).render(line) == shown


def test_each_process_keeps_its_color() -> None:
    style = LineFormat(color=True)

    first, other, again = (style.format(name, "x")[:5] for name in ("a", "b", "a"))

    assert first == again != other


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (["[Errno 98] Address already in use", "exiting"], "start again"),
        (["setting REDIS_URL is required"], "environment variable"),
        (["ModuleNotFoundError: No module named 'x'"], "make .venv"),
        (["could not write: No space left on device"], "disk is full"),
        (["the data directory was initialized by PostgreSQL version 17"], "pg_dump"),
        (["something new"], "checks this machine"),
        ([], "checks this machine"),
    ],
)
def test_failure_has_a_hint(lines: list[str], hint: str, tmp_path: Path) -> None:
    assert hint in hint_for(lines, DataDir(tmp_path))
