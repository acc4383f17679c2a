"""`todochat chat` against a deployment that drops connections, loses frames and rejects requests."""

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
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

from terminal_chat import chat_api
from terminal_chat.command import ChatOptions, run_chat
from terminal_chat.sign_in import ClientContext

Chat = Callable[..., int]
# Sends "hi" to the deployment at the first argument.
PROGRAM = """
import sys
from pathlib import Path

from terminal_chat.command import ChatOptions, run_chat
from terminal_chat.sign_in import ClientContext

url, folder = sys.argv[1:]
context = ClientContext(url=url, account_key=url, config_dir=Path(folder), environ={})
sys.exit(run_chat(ChatOptions(message="hi", raw=False, context=context)))
"""
SNAPSHOT_ITEMS = {
    "data": [assistant_message("All of it."), user_message("hi"), assistant_message("Old.", "x")],
    "has_more": False,
}


@pytest.fixture
def chat(deployment: FakeDeployment, tmp_path: Path) -> Chat:
    """Run `todochat chat MESSAGE` in this process and return its exit code."""

    def run(
        message: str | None = "hi", *, raw: bool = False, link: bool = False, **environ: str
    ) -> int:
        context = ClientContext(
            url=deployment.url,
            account_key=deployment.url,
            config_dir=tmp_path / "todochat",
            environ={"TZ": "Europe/Berlin", **environ},
        )
        return run_chat(ChatOptions(message=message, raw=raw, link=link, context=context))

    return run


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_api, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(chat_api, "MAX_PAUSE_S", 0.01)


def hello(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(1, type="thread.created", thread={"id": THREAD})
    exchange.delta(2, "Hello ")
    exchange.delta(3, "there.")
    exchange.done(4, "Hello there.")
    exchange.end(5)


def test_new_account_gets_a_sign_in_link(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.scripts = [hello, hello]

    chat("hi")
    first = capsys.readouterr().err
    chat("again")

    expected = f"works once, for 10 minutes:\n  {deployment.url}/sign-in-link#link-r1"
    assert expected in first
    assert "sign-in-link" not in capsys.readouterr().err


def test_link_option_prints_only_a_sign_in_link(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"

    code = chat(
        None, link=True, TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse"
    )

    assert (code, capsys.readouterr().out) == (0, f"{deployment.url}/sign-in-link#link-r1\n")


def test_message_prints_the_response_and_exits_with_0(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.scripts = [hello]

    code = chat("hi")

    assert (code, capsys.readouterr().out) == (0, "Hello there.\n")
    sent = deployment.streams[0]
    assert sent.body["type"] == "threads.create"
    assert sent.body["params"]["input"]["content"] == [{"type": "input_text", "text": "hi"}]
    assert sent.headers["X-Resumable"] == "1"
    assert sent.headers["X-Timezone"] == "Europe/Berlin"


def test_first_use_creates_one_account_and_reports_it(
    deployment: FakeDeployment,
    chat: Chat,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.scripts = [hello, hello]

    codes = [chat(), chat()]

    assert codes == [0, 0]
    assert deployment.count("POST /api/auth/sign-up") == 1
    assert capsys.readouterr().err.count("created an account for you at") == 1
    credentials = tmp_path / "todochat" / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


def test_text_is_printed_while_the_response_streams(
    deployment: FakeDeployment, tmp_path: Path
) -> None:
    seen = threading.Event()

    def waits_for_reader(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        assert seen.wait(20)
        exchange.delta(2, "there.")
        exchange.done(3, "Hello there.")
        exchange.end(4)

    deployment.scripts = [waits_for_reader]
    command = [sys.executable, "-c", PROGRAM, deployment.url, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        first = process.stdout.read(6)
        seen.set()
        rest = process.stdout.read()

    assert (first, rest, process.returncode) == (b"Hello ", b"there.\n", 0)


def test_dropped_connection_resumes_after_the_last_frame(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def drops_connection(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.write('id: 2\ndata: {"type":"thread.item.upd')

    def resumes(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.delta(2, "there.")
        exchange.done(3, "Hello there.")
        exchange.end(4)

    deployment.scripts = [drops_connection, resumes]

    code = chat()

    assert (code, capsys.readouterr().out) == (0, "Hello there.\n")
    assert deployment.requests[-1] == f"GET /api/usr_fake/chat/runs/{RUN}/events"
    assert deployment.streams[1].headers["Last-Event-ID"] == "1"


def test_lost_response_is_retried_with_the_same_idempotency_key(
    deployment: FakeDeployment, chat: Chat
) -> None:
    deployment.scripts = [lambda exchange: exchange.drop_connection(), hello]

    code = chat()

    assert code == 0
    first, second = (each.headers["Idempotency-Key"] for each in deployment.streams)
    assert first == second


def test_reconnect_comment_makes_the_client_reconnect(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def drains(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello ")
        exchange.write(": reconnect\n\n")

    def resumes(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(2, "Hello there.")
        exchange.end(3)

    deployment.scripts = [drains, resumes]

    assert (chat(), capsys.readouterr().out) == (0, "Hello there.\n")


def test_client_stops_after_max_retries(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.scripts = [lambda exchange: exchange.drop_connection()] * 20

    code = chat()

    assert code == 1
    assert len(deployment.streams) == chat_api.MAX_RETRIES + 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("todochat: lost the connection")


def test_503_is_retried(deployment: FakeDeployment, chat: Chat) -> None:
    deployment.scripts = [lambda exchange: exchange.respond(503, {"detail": "busy"}), hello]

    assert chat() == 0


def test_rejected_client_secret_is_replaced_once(deployment: FakeDeployment, chat: Chat) -> None:
    deployment.rejected_secrets = {"secret-1"}
    deployment.scripts = [hello]

    assert chat() == 0
    assert deployment.issued_secrets == 2


def test_rejection_prints_the_problem_detail_and_request_id(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = {"detail": "That is too long.", "request_id": "req-7"}
    deployment.scripts = [lambda exchange: exchange.respond(422, problem)]

    code = chat()

    assert code == 1
    assert "todochat: That is too long. (request req-7)\n" in capsys.readouterr().err


def test_error_event_sets_the_exit_code_and_prints_one_line(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Part of ")
        exchange.send(2, type="error", code="custom", message="The model is unavailable.")
        exchange.end(3, "failed")

    deployment.scripts = [fails]

    code = chat()

    output = capsys.readouterr()
    assert (code, output.out) == (1, "Part of \n")
    assert output.err.endswith("todochat: The model is unavailable.\n")


def test_raw_prints_the_frames_unchanged(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = (
        'id: 1\ndata: {"type":"progress_update","text":"…"}\n\n: ping\n\nid: 2\n: end completed\n\n'
    )

    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.write(sent)

    deployment.scripts = [turn]

    assert (chat(raw=True), capsys.readouterr().out) == (0, sent)


def test_removed_item_is_printed_again_on_a_new_line(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Hello th")
        exchange.send(2, type="thread.item.removed", item_id="msg_1")
        exchange.delta(3, "Hello there.", "msg_2")
        exchange.done(4, "Hello there.", "msg_2")
        exchange.end(5)

    deployment.scripts = [turn]

    assert (chat(), capsys.readouterr().out) == (0, "Hello th\nHello there.\n")


def test_snapshot_loads_the_response_from_the_thread(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.write(": snapshot\n\n")
        exchange.done(10_001, "All of it.")
        exchange.end(10_002)

    deployment.scripts = [turn]
    deployment.responses["items.list"] = SNAPSHOT_ITEMS

    assert (chat(), capsys.readouterr().out) == (0, "All of it.\n")


def test_expired_frames_load_the_response_from_the_thread(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    def drops_connection(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.delta(2, "All ")

    deployment.scripts = [
        drops_connection,
        lambda exchange: exchange.respond(410, {"detail": "expired", "thread_id": THREAD}),
    ]
    deployment.responses["items.list"] = SNAPSHOT_ITEMS

    assert (chat(), capsys.readouterr().out) == (0, "All of it.\n")


def test_generated_account_is_created_again_after_a_reset(
    deployment: FakeDeployment, chat: Chat, tmp_path: Path
) -> None:
    deployment.scripts = [hello, hello]
    chat()
    deployment.accounts.clear()
    expire_tokens(tmp_path)

    assert chat() == 0
    assert deployment.count("POST /api/auth/sign-up") == 2


def test_first_message_after_a_reset_uses_the_new_account(
    deployment: FakeDeployment, chat: Chat
) -> None:
    deployment.scripts = [hello, hello]
    chat()
    deployment.reset()  # the stored tokens haven't expired, but are unknown now

    assert chat() == 0
    assert deployment.count("POST /api/auth/sign-up") == 2


def test_password_of_an_existing_account_is_not_stored(
    deployment: FakeDeployment, chat: Chat, tmp_path: Path
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"
    deployment.scripts = [hello]

    code = chat(TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse")

    assert code == 0
    assert deployment.count("POST /api/auth/sign-up") == 0
    assert "correct horse" not in (tmp_path / "todochat" / "credentials.json").read_text()


def test_closed_sign_up_names_the_variables_for_sign_in(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.sign_up_open = False

    assert chat() == 1
    errors = capsys.readouterr().err
    assert "Sign-up is closed." in errors
    assert "TODOCHAT_EMAIL and TODOCHAT_PASSWORD" in errors


def test_unreachable_deployment_is_named(
    deployment: FakeDeployment, chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.close()

    assert chat() == 1
    assert f"todochat: can't reach {deployment.url}" in capsys.readouterr().err


def expire_tokens(config: Path) -> None:
    path = config / "todochat" / "credentials.json"
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text())
    for entry in entries.values():
        entry |= {"login_expires_at": 0, "secret_expires_at": 0}
    path.write_text(json.dumps(entries))


def test_sources_images_and_tasks_are_printed(
    chat: Chat, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"type": "url", "url": "https://example.com/milk", "title": "About milk"}
    answer = assistant_message("Milk is white.")
    answer["content"][0]["annotations"] = [{"type": "annotation", "source": source}] * 2
    image = {"id": "img_1", "type": "generated_image", "image": {"url": "https://here/1.png"}}
    task = {"type": "web_search", "title_query": "milk", "status_indicator": "loading"}

    def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        update = {"type": "workflow.task.added", "task": task, "task_index": 0}
        exchange.send(2, type="thread.item.updated", item_id="wf_1", update=update)
        exchange.send(3, type="thread.item.done", item=image)
        exchange.delta(4, "Milk is")
        exchange.send(5, type="thread.item.done", item=answer)
        exchange.end(6)

    deployment.scripts = [script]

    assert chat() == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("Image: https://here/1.png\nMilk is white.\n\nSources:\n")
    assert printed.out.count("About milk: https://example.com/milk") == 1
    assert "searching: milk" in printed.err
