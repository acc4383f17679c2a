"""`todochat chat` against a deployment that drops connections, forgets and refuses."""

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_deployment import (
    RUN,
    THREAD,
    Exchange,
    FakeDeployment,
    assistant_message,
    user_message,
)

from todochat_local.chat import follow
from todochat_local.chat.command import ChatOptions, run_chat

Chat = Callable[..., int]
SNAPSHOT_ITEMS = {
    "data": [assistant_message("All of it."), user_message("hi"), assistant_message("Old.", "x")],
    "has_more": False,
}


@pytest.fixture
def deployment() -> Iterator[FakeDeployment]:
    deployment = FakeDeployment()
    yield deployment
    deployment.close()


@pytest.fixture
def chat(deployment: FakeDeployment, tmp_path: Path) -> Chat:
    """Run `todochat chat MESSAGE` in this process; returns its exit code."""

    def run(
        message: str | None = "hi", *, raw: bool = False, link: bool = False, **environ: str
    ) -> int:
        environ = {"XDG_CONFIG_HOME": str(tmp_path), "TZ": "Europe/Berlin", **environ}
        return run_chat(
            ChatOptions(
                message=message,
                url=deployment.url,
                data_dir=tmp_path,
                raw=raw,
                link=link,
                environ=environ,
            )
        )

    return run


@pytest.fixture(autouse=True)
def _quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(follow, "MAX_PAUSE_S", 0.01)


def hello(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(1, type="thread.created", thread={"id": THREAD})
    exchange.delta(2, "Hello ")
    exchange.delta(3, "there.")
    exchange.done(4, "Hello there.")
    exchange.end(5)


def test_a_new_account_comes_with_a_link_to_sign_in_with_a_browser(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.turns = [hello, hello]

    chat("hi")
    first = capsys.readouterr().err
    chat("again")

    assert f"open this once, within 10 minutes:\n  {deployment.url}/sign-in-link#link-r1" in first
    assert "sign-in-link" not in capsys.readouterr().err


def test_a_link_can_be_had_any_time(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"

    code = chat(
        None, link=True, TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse"
    )

    assert (code, capsys.readouterr().out) == (0, f"{deployment.url}/sign-in-link#link-r1\n")


def test_a_message_is_answered_and_the_exit_code_is_0(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.turns = [hello]

    code = chat("hi")

    assert (code, capsys.readouterr().out) == (0, "Hello there.\n")
    sent = deployment.streams[0]
    assert sent.body["type"] == "threads.create"
    assert sent.body["params"]["input"]["content"] == [{"type": "input_text", "text": "hi"}]
    assert sent.headers["X-Resumable"] == "1"
    assert sent.headers["X-Timezone"] == "Europe/Berlin"


def test_someone_without_an_account_gets_one_and_hears_of_it(
    deployment: FakeDeployment,
    chat: Chat,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.turns = [hello, hello]

    codes = [chat(), chat()]

    assert codes == [0, 0]
    assert deployment.count("POST /api/auth/sign-up") == 1
    assert capsys.readouterr().err.count("made an account for you at") == 1
    credentials = tmp_path / "todochat" / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


def test_text_is_shown_before_the_rest_of_it_exists(
    deployment: FakeDeployment, tmp_path: Path
) -> None:
    seen = threading.Event()

    def slowly(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        assert seen.wait(20)
        exchange.delta(2, "there.")
        exchange.done(3, "Hello there.")
        exchange.end(4)

    deployment.turns = [slowly]
    command = [sys.executable, "-m", "todochat_local", "chat", "--url", deployment.url, "hi"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={"XDG_CONFIG_HOME": str(tmp_path)}
    ) as process:
        assert process.stdout
        first = process.stdout.read(6)
        seen.set()
        rest = process.stdout.read()

    assert (first, rest, process.returncode) == (b"Hello ", b"there.\n", 0)


def test_a_dropped_connection_is_taken_up_where_it_broke(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks_off(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.write('id: 2\ndata: {"type":"thread.item.upd')

    def goes_on(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.delta(2, "there.")
        exchange.done(3, "Hello there.")
        exchange.end(4)

    deployment.turns = [breaks_off, goes_on]

    code = chat()

    assert (code, capsys.readouterr().out) == (0, "Hello there.\n")
    assert deployment.requests[-1] == f"GET /api/usr_fake/chat/runs/{RUN}/events"
    assert deployment.streams[1].headers["Last-Event-ID"] == "1"


def test_a_message_whose_answer_was_lost_is_sent_again_under_the_same_key(
    deployment: FakeDeployment, chat: Chat
) -> None:
    deployment.turns = [lambda exchange: exchange.lose(), hello]

    code = chat()

    assert code == 0
    first, second = (each.headers["Idempotency-Key"] for each in deployment.streams)
    assert first == second


def test_a_server_that_asks_to_reconnect_is_asked_again(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def drains(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.write(": reconnect\n\n")

    def goes_on(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(2, "Hello there.")
        exchange.end(3)

    deployment.turns = [drains, goes_on]

    assert (chat(), capsys.readouterr().out) == (0, "Hello there.\n")


def test_it_gives_up_after_a_bounded_number_of_tries(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.turns = [lambda exchange: exchange.lose()] * 20

    code = chat()

    assert code == 1
    assert len(deployment.streams) == follow.MAX_TRIES + 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("todochat: the answer broke off")


def test_a_busy_server_is_asked_again(deployment: FakeDeployment, chat: Chat) -> None:
    deployment.turns = [lambda exchange: exchange.answer(503, {"detail": "busy"}), hello]

    assert chat() == 0


def test_a_refused_secret_is_replaced_once(deployment: FakeDeployment, chat: Chat) -> None:
    deployment.refused_secrets = {"secret-1"}
    deployment.turns = [hello]

    assert chat() == 0
    assert deployment.secrets_given == 2


def test_a_refusal_is_told_in_the_servers_words(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = {"detail": "That is too long.", "request_id": "req-7"}
    deployment.turns = [lambda exchange: exchange.answer(422, problem)]

    code = chat()

    assert code == 1
    assert "todochat: That is too long. (request req-7)\n" in capsys.readouterr().err


def test_an_error_in_the_stream_is_the_exit_code_and_a_line(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Part of ")
        exchange.send(2, type="error", code="custom", message="The model is away.")
        exchange.end(3, "failed")

    deployment.turns = [fails]

    code = chat()

    said = capsys.readouterr()
    assert (code, said.out) == (1, "Part of \n")
    assert said.err.endswith("todochat: The model is away.\n")


def test_raw_prints_the_frames_as_they_came(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = (
        'id: 1\ndata: {"type":"progress_update","text":"…"}\n\n: ping\n\nid: 2\n: end completed\n\n'
    )

    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.write(sent)

    deployment.turns = [turn]

    assert (chat(raw=True), capsys.readouterr().out) == (0, sent)


def test_a_message_that_is_taken_back_is_said_anew(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello th")
        exchange.send(2, type="thread.item.removed", item_id="msg_1")
        exchange.delta(3, "Hello there.", "msg_2")
        exchange.done(4, "Hello there.", "msg_2")
        exchange.end(5)

    deployment.turns = [turn]

    assert (chat(), capsys.readouterr().out) == (0, "Hello th\nHello there.\n")


def test_after_a_snapshot_the_thread_says_what_was_answered(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.write(": snapshot\n\n")
        exchange.done(10_001, "All of it.")
        exchange.end(10_002)

    deployment.turns = [turn]
    deployment.answers["items.list"] = SNAPSHOT_ITEMS

    assert (chat(), capsys.readouterr().out) == (0, "All of it.\n")


def test_a_run_whose_frames_are_gone_is_read_from_the_thread(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks_off(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.delta(2, "All ")

    deployment.turns = [
        breaks_off,
        lambda exchange: exchange.answer(410, {"detail": "expired", "thread_id": THREAD}),
    ]
    deployment.answers["items.list"] = SNAPSHOT_ITEMS

    assert (chat(), capsys.readouterr().out) == (0, "All of it.\n")


def test_an_account_of_ours_that_a_reset_removed_is_made_anew(
    deployment: FakeDeployment, chat: Chat, tmp_path: Path
) -> None:
    deployment.turns = [hello, hello]
    chat()
    deployment.accounts.clear()
    expire_tokens(tmp_path)

    assert chat() == 0
    assert deployment.count("POST /api/auth/sign-up") == 2


def test_somebodys_own_password_is_never_stored(
    deployment: FakeDeployment, chat: Chat, tmp_path: Path
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"
    deployment.turns = [hello]

    code = chat(TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse")

    assert code == 0
    assert deployment.count("POST /api/auth/sign-up") == 0
    assert "correct horse" not in (tmp_path / "todochat" / "credentials.json").read_text()


def test_where_sign_up_is_closed_one_hears_how_to_sign_in(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.sign_up_open = False

    assert chat() == 1
    said = capsys.readouterr().err
    assert "Sign-up is closed." in said
    assert "TODOCHAT_EMAIL and TODOCHAT_PASSWORD" in said


def test_a_deployment_that_does_not_answer_is_named(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.close()

    assert chat() == 1
    assert f"todochat: can't reach {deployment.url}" in capsys.readouterr().err


def test_without_a_running_stack_one_hears_how_to_start_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ChatOptions(message="hi", url=None, data_dir=tmp_path, raw=False, environ={})

    assert run_chat(options) == 1
    assert " up --data-dir " in capsys.readouterr().err


def expire_tokens(config: Path) -> None:
    path = config / "todochat" / "credentials.json"
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text())
    for entry in entries.values():
        entry |= {"login_expires_at": 0, "secret_expires_at": 0}
    path.write_text(json.dumps(entries))
