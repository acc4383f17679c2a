"""Content of log lines."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import aiohttp
import asyncpg
import pytest
import structlog
from multidict import CIMultiDict, CIMultiDictProxy
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from yarl import URL

from todochat.errors import NotFoundError
from todochat.telemetry.log_safety import derive_user_key, describe_error, hash_user
from todochat.telemetry.logging import begin_subject, bind, configure_logging, log_content

KEY = b"a key of this installation"
SECRET_WORDS = "my diary"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])
    configure_logging_off()


def configure_logging_off() -> None:
    """Reset LOG_CONTENT for other tests."""
    configure_logging(level="info", log_format="json", service="test", content=False)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    line: dict[str, str] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def configure(*, content: bool = False) -> None:
    configure_logging(
        level="info", log_format="json", service="test", user_key=KEY, content=content
    )


def test_user_ids_are_logged_as_keyed_hashes(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    begin_subject(request_id="req_1")
    bind(user_id="usr_ada", run_id="run_1", thread_id=None)

    structlog.get_logger("x").info("task.made")

    line = said(capsys)
    assert line["user"] == hash_user(KEY, "usr_ada") != hash_user(b"another", "usr_ada")
    assert (line["request_id"], line["run_id"]) == ("req_1", "run_1")
    assert {"user_id", "thread_id"}.isdisjoint(line)
    assert "usr_ada" not in str(line)


def test_user_key_is_configured_or_derived() -> None:
    derived = derive_user_key("", "new, old")

    assert derived == derive_user_key("", "new")
    assert derived != derive_user_key("", "old")
    assert derive_user_key("given", "new") == b"given"
    assert derive_user_key("", "") == b""


class AnswerError(Exception):
    """Like openai's: it quotes the server's response."""

    status_code = 400
    code = "invalid_prompt"


class FaultsError(ValueError):
    """Like pydantic's: it quotes each input."""

    def error_count(self) -> int:
        return 2


def unique_violation() -> asyncpg.PostgresError:
    fields = {"C": "23505", "M": f"duplicate key {SECRET_WORDS}", "n": "uq_users_email"}
    return asyncpg.PostgresError.new(fields)


def malformed_answer() -> aiohttp.ClientResponseError:
    url = URL("http://tasks/api/usr_ada/tasks")
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer token"}))
    request = aiohttp.RequestInfo(url, "GET", headers, url)
    return aiohttp.ClientResponseError(request, (), status=400, message=SECRET_WORDS)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(SECRET_WORDS), "ValueError"),
        (malformed_answer(), "ClientResponseError(400)"),
        (
            RedisConnectionError("Error 111 connecting to redis:6379."),
            "ConnectionError(Error 111 connecting to redis:6379.)",
        ),
        (
            ResponseError(f"unknown command 'X', with args beginning with: '{SECRET_WORDS}'"),
            "ResponseError(unknown command 'X')",
        ),
        (NotFoundError(f"No list {SECRET_WORDS}"), "NotFoundError(not-found)"),
        (AnswerError(SECRET_WORDS), "AnswerError(invalid_prompt, 400)"),
        (FaultsError(SECRET_WORDS), "FaultsError(2 errors)"),
        (unique_violation(), "UniqueViolationError(23505, uq_users_email)"),
        (ConnectionRefusedError(111, "refused"), "ConnectionRefusedError(111, 'refused')"),
        (
            asyncpg.PostgresError.new({"C": "42P01", "M": 'relation "x" does not exist'}),
            'UndefinedTableError(42P01, relation "x" does not exist)',
        ),
    ],
)
def test_errors_are_logged_without_quoted_input(error: Exception, told: str) -> None:
    assert describe_error(error) == told


async def test_pipeline_errors_are_logged_without_commands(redis: Redis) -> None:
    pipeline: Any = redis.pipeline(transaction=False)
    pipeline.set("rate:{usr_ada}", SECRET_WORDS)
    pipeline.zadd("rate:{usr_ada}", {"usr_ada": 1})

    with pytest.raises(ResponseError) as raised:
        await pipeline.execute()
    told = describe_error(raised.value)

    assert "usr_ada" in str(raised.value)
    assert "usr_ada" not in told
    assert "WRONGTYPE" in told


def test_stack_traces_have_locations_only(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    log = structlog.get_logger("x")

    try:
        try:
            raise ValueError(SECRET_WORDS)  # noqa: TRY301 - the test needs a stack
        except ValueError as cause:
            raise RuntimeError(SECRET_WORDS) from cause
    except RuntimeError:
        log.exception("run.crashed")
    line = said(capsys)

    assert SECRET_WORDS not in str(line)
    assert line["exception"].startswith("RuntimeError\n  ")
    assert "\nValueError\n" in line["exception"]
    assert "test_log_safety.py" in line["exception"]


def test_errors_of_a_group_are_logged_with_locations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure()
    log = structlog.get_logger("x")

    def fail_within() -> None:
        raise KeyError(SECRET_WORDS)

    try:
        try:
            fail_within()
        except KeyError as error:  # as the task group of Litestar's streams does
            raise ExceptionGroup("unhandled errors in a TaskGroup", [error]) from None
    except ExceptionGroup:
        log.exception("export.crashed")
    line = said(capsys)

    assert SECRET_WORDS not in str(line)
    assert "\nKeyError\n" in line["exception"]
    assert "fail_within" in line["exception"]


def test_library_messages_keep_only_their_format(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    logging.getLogger("library").warning("can't read %s", SECRET_WORDS)
    library = said(capsys)
    logging.getLogger("uvicorn.error").warning("on %s", "port 1")
    server = said(capsys)

    assert library["event"] == "can't read %s"
    assert server["event"] == "on port 1"


def test_content_is_logged_only_when_enabled(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    log_content("message.accepted", body=SECRET_WORDS)
    silent = capsys.readouterr().out

    configure(content=True)
    log_content("message.accepted", body=SECRET_WORDS)
    loud = said(capsys)

    assert silent == ""
    assert loud["body"] == SECRET_WORDS
