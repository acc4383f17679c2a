"""The interactive mode of `todochat chat`: commands, Ctrl-C, Markdown in a terminal."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_deployment import (
    RUN,
    THREAD,
    Exchange,
    FakeDeployment,
    assistant_message,
    user_message,
)
from rich.console import Console

from terminal_chat.account_session import AccountSession
from terminal_chat.answer_view import PlainView
from terminal_chat.chat_api import ChatApi
from terminal_chat.conversation import TerminalConversation
from terminal_chat.credential_store import CredentialStore
from terminal_chat.http_calls import open_client
from terminal_chat.local_time import local_timezone
from terminal_chat.rich_view import RichView
from terminal_chat.turn_reader import TurnReader, message_request

THREADS = {
    "data": [{"id": "thr_2", "title": "Groceries"}, {"id": "thr_1"}],
    "has_more": False,
}


@pytest.fixture
def session(deployment: FakeDeployment, tmp_path: Path) -> Iterator[AccountSession]:
    with open_client(deployment.url) as client:
        session = AccountSession(
            client,
            CredentialStore(tmp_path / "credentials.json"),
            "here",
            timezone="UTC",
            notify=lambda _: None,
            prompt_password=None,
        )
        session.open({})
        yield session


@pytest.fixture
def api(session: AccountSession) -> ChatApi:
    return ChatApi(session._client, session)


@pytest.fixture
def conversation(
    api: ChatApi, session: AccountSession, deployment: FakeDeployment, tmp_path: Path
) -> TerminalConversation:
    return TerminalConversation(api, session, PlainView, tmp_path / "history", deployment.url)


def responds(text: str = "Done.") -> Callable[[Exchange], None]:
    def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.done(2, text)
        exchange.end(3)

    return script


def test_second_message_goes_to_the_same_thread(
    conversation: TerminalConversation, deployment: FakeDeployment
) -> None:
    deployment.scripts = [responds(), responds()]

    conversation.handle_line("add milk")
    conversation.handle_line("and bread")

    assert deployment.streams[1].body["type"] == "threads.add_user_message"
    assert deployment.streams[1].body["params"]["thread_id"] == THREAD


def test_new_starts_another_thread(
    conversation: TerminalConversation, deployment: FakeDeployment
) -> None:
    deployment.scripts = [responds(), responds()]

    conversation.handle_line("add milk")
    conversation.handle_line("/new")
    conversation.handle_line("add bread")

    assert deployment.streams[1].body["type"] == "threads.create"


def test_threads_are_listed_and_opened_by_number(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.responses["threads.list"] = THREADS
    items = [assistant_message("Added."), user_message("add milk")]
    deployment.responses["items.list"] = {"data": items, "has_more": False}
    deployment.scripts = [responds()]

    conversation.handle_line("/threads")
    conversation.handle_line("/open 1")
    conversation.handle_line("and bread")

    output = capsys.readouterr().out
    assert "   1  Groceries" in output
    assert "   2  untitled" in output
    assert "> add milk\nAdded.\n" in output
    assert deployment.streams[0].body["params"]["thread_id"] == "thr_2"


def test_open_follows_the_active_run_of_the_thread(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.responses["threads.list"] = THREADS
    deployment.responses["items.list"] = {"data": [user_message("add milk")], "has_more": False}
    deployment.active_run = RUN
    deployment.scripts = [responds("Added just now.")]

    conversation.handle_line("/open 2")

    assert capsys.readouterr().out.endswith("> add milk\nAdded just now.\n")


@pytest.mark.parametrize("number", ["", "0", "3", "milk"])
def test_open_rejects_an_unknown_number(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    number: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.responses["threads.list"] = THREADS

    conversation.handle_line(f"/open {number}")

    assert "/open takes a number from 1 to 2" in capsys.readouterr().out


def test_tasks_shows_the_open_tasks(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    day = {"date": "2026-11-24", "timezone": "UTC"}
    moment = {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"}
    deployment.tasks = [
        {"number": 3, "title": "buy milk", "priority": "high", "due": day},
        {"number": 4, "title": "call", "priority": "none", "due": moment},
        {"number": 5, "title": "sleep", "priority": "none", "due": None},
    ]

    conversation.handle_line("/tasks")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["3", "buy", "milk", "(high)", "2026-11-24"]
    assert lines[1].split() == ["4", "call", "2026-11-24", "17:00"]
    assert lines[2].split() == ["5", "sleep"]


def test_tasks_after_a_reset_are_those_of_the_new_account(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.reset()
    deployment.tasks = [{"number": 1, "title": "start again", "priority": "none", "due": None}]

    conversation.handle_line("/tasks")

    assert "start again" in capsys.readouterr().out


def test_stop_cancels_the_run_of_the_thread(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(1, "Well, I was")
        exchange.end(2, "cancelled")

    deployment.scripts = [responds(), stopped]
    conversation.handle_line("write a novel")
    deployment.active_run = RUN

    conversation.handle_line("/stop")

    assert deployment.count(f"POST /api/usr_fake/chat/runs/{RUN}/cancel") == 1
    assert capsys.readouterr().out.endswith("stopped\n")


def test_link_prints_a_sign_in_link(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    conversation.handle_line("/link")

    assert capsys.readouterr().out == f"{deployment.url}/sign-in-link#link-r1\n"


def test_stop_without_an_active_run_prints_a_message(
    conversation: TerminalConversation, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation.handle_line("/stop")

    assert capsys.readouterr().out == "no response in progress\n"


def test_ctrl_c_cancels_the_run_and_shows_its_last_frames(
    api: ChatApi, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    class InterruptedView(PlainView):
        def show_delta(self, text: str) -> None:
            super().show_delta(text)
            if text == "Once upon ":
                raise KeyboardInterrupt

    def novel(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Once upon ")

    def stopped(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(2, "Once upon a")
        exchange.end(3, "cancelled")

    deployment.scripts = [novel, stopped]

    result = TurnReader(api, InterruptedView()).follow(
        api.send_message(message_request("write a novel", ""))
    )

    assert deployment.count(f"POST /api/usr_fake/chat/runs/{RUN}/cancel") == 1
    assert (result.error, capsys.readouterr().out) == ("stopped", "Once upon a\n")


def test_error_keeps_the_conversation_open(
    conversation: TerminalConversation,
    deployment: FakeDeployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    busy = {"detail": "A response is already in progress."}
    deployment.scripts = [lambda exchange: exchange.respond(409, busy), responds()]

    conversation.handle_line("hi")
    conversation.handle_line("hi again")

    assert capsys.readouterr().out == "A response is already in progress.\nDone.\n"


@pytest.mark.parametrize("line", ["/nonsense", "/help"])
def test_unknown_command_refers_to_help(
    conversation: TerminalConversation, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation.handle_line(line)

    assert "/" in capsys.readouterr().out


LONG = "# Plan\n\nFirst a paragraph.\n\n```\ncode\n\nmore code\n```\n\n- one\n- two\n\nThe end."


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_markdown_is_printed_once_for_any_chunk_size(size: int) -> None:
    screen = io.StringIO()
    view = RichView(Console(file=screen, width=60))
    for at in range(0, len(LONG), size):
        view.show_delta(LONG[at : at + size])

    view.show_message(LONG)
    view.close()

    lines = [line.strip() for line in screen.getvalue().splitlines() if line.strip()]
    assert [line for line in lines if "─" not in line and "━" not in line] == [
        "Plan",
        "First a paragraph.",
        "code",
        "more code",
        "• one",
        "• two",
        "The end.",
    ]


@pytest.mark.parametrize(
    ("variable", "link", "zone"),
    [
        ("Europe/Berlin", "/usr/share/zoneinfo/Asia/Tokyo", "Europe/Berlin"),
        (":Europe/Berlin", "/nowhere", "Europe/Berlin"),
        ("", "/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("CET-1CEST", "/nowhere", "UTC"),
        ("Europe", "/nowhere", "UTC"),
        ("../etc/passwd", "/nowhere", "UTC"),
    ],
)
def test_local_timezone_is_a_known_iana_name(variable: str, link: str, zone: str) -> None:
    assert local_timezone({"TZ": variable}, Path(link)) == zone
