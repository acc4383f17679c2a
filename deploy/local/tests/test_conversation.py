"""The interactive side of `todochat chat`: commands, Ctrl-C, markdown in a terminal."""

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

from todochat_local.chat.conversation import Conversation
from todochat_local.chat.credential import CredentialStore
from todochat_local.chat.deployment import open_client
from todochat_local.chat.follow import ChatApi
from todochat_local.chat.local_time import local_timezone
from todochat_local.chat.rich_view import RichView
from todochat_local.chat.session import Session
from todochat_local.chat.turn import Turn, message
from todochat_local.chat.view import PlainView

THREADS = {
    "data": [{"id": "thr_2", "title": "Groceries"}, {"id": "thr_1"}],
    "has_more": False,
}


@pytest.fixture
def deployment() -> Iterator[FakeDeployment]:
    deployment = FakeDeployment()
    yield deployment
    deployment.close()


@pytest.fixture
def session(deployment: FakeDeployment, tmp_path: Path) -> Iterator[Session]:
    with open_client(deployment.url) as client:
        session = Session(
            client,
            CredentialStore(tmp_path / "credentials.json"),
            "here",
            timezone="UTC",
            say=lambda _: None,
            ask_password=None,
        )
        session.open({})
        yield session


@pytest.fixture
def api(session: Session) -> ChatApi:
    return ChatApi(session._client, session)


@pytest.fixture
def talk(
    api: ChatApi, session: Session, deployment: FakeDeployment, tmp_path: Path
) -> Conversation:
    return Conversation(api, session, PlainView, tmp_path / "history", deployment.url)


def answer(text: str = "Done.") -> Callable[[Exchange], None]:
    def turn(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(1, type="thread.created", thread={"id": THREAD})
        exchange.done(2, text)
        exchange.end(3)

    return turn


def test_a_second_message_goes_to_the_same_thread(
    talk: Conversation, deployment: FakeDeployment
) -> None:
    deployment.turns = [answer(), answer()]

    talk.obey("add milk")
    talk.obey("and bread")

    assert deployment.streams[1].body["type"] == "threads.add_user_message"
    assert deployment.streams[1].body["params"]["thread_id"] == THREAD


def test_new_begins_another_thread(talk: Conversation, deployment: FakeDeployment) -> None:
    deployment.turns = [answer(), answer()]

    talk.obey("add milk")
    talk.obey("/new")
    talk.obey("add bread")

    assert deployment.streams[1].body["type"] == "threads.create"


def test_threads_are_listed_and_opened_by_number(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.answers["threads.list"] = THREADS
    items = [assistant_message("Added."), user_message("add milk")]
    deployment.answers["items.list"] = {"data": items, "has_more": False}
    deployment.turns = [answer()]

    talk.obey("/threads")
    talk.obey("/open 1")
    talk.obey("and bread")

    said = capsys.readouterr().out
    assert "   1  Groceries" in said
    assert "   2  untitled" in said
    assert "> add milk\nAdded.\n" in said
    assert deployment.streams[0].body["params"]["thread_id"] == "thr_2"


def test_opening_a_thread_that_is_being_answered_shows_the_answer(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.answers["threads.list"] = THREADS
    deployment.answers["items.list"] = {"data": [user_message("add milk")], "has_more": False}
    deployment.active_run = RUN
    deployment.turns = [answer("Added just now.")]

    talk.obey("/open 2")

    assert capsys.readouterr().out.endswith("> add milk\nAdded just now.\n")


@pytest.mark.parametrize("number", ["", "0", "3", "milk"])
def test_opening_what_is_not_there_is_explained(
    talk: Conversation,
    deployment: FakeDeployment,
    number: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.answers["threads.list"] = THREADS

    talk.obey(f"/open {number}")

    assert "/open takes a number from 1 to 2" in capsys.readouterr().out


def test_tasks_shows_the_open_tasks(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    day = {"date": "2026-11-24", "timezone": "UTC"}
    moment = {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"}
    deployment.tasks = [
        {"number": 3, "title": "buy milk", "priority": "high", "due": day},
        {"number": 4, "title": "call", "priority": "none", "due": moment},
        {"number": 5, "title": "sleep", "priority": "none", "due": None},
    ]

    talk.obey("/tasks")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["3", "buy", "milk", "(high)", "2026-11-24"]
    assert lines[1].split() == ["4", "call", "2026-11-24", "17:00"]
    assert lines[2].split() == ["5", "sleep"]


def test_stop_cancels_the_run_of_the_thread(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(1, "Well, I was")
        exchange.end(2, "cancelled")

    deployment.turns = [answer(), stopped]
    talk.obey("write a novel")
    deployment.active_run = RUN

    talk.obey("/stop")

    assert deployment.count(f"POST /api/usr_fake/chat/runs/{RUN}/cancel") == 1
    assert capsys.readouterr().out.endswith("stopped\n")


def test_link_shows_where_to_sign_in_with_a_browser(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    talk.obey("/link")

    assert capsys.readouterr().out == f"{deployment.url}/sign-in-link#link-r1\n"


def test_stop_with_nothing_to_stop_says_so(
    talk: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    talk.obey("/stop")

    assert capsys.readouterr().out == "nothing is being answered here\n"


def test_ctrl_c_stops_the_answer_and_shows_how_it_ends(
    api: ChatApi, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(PlainView):
        def delta(self, text: str) -> None:
            super().delta(text)
            if text == "Once upon ":
                raise KeyboardInterrupt

    def novel(exchange: Exchange) -> None:
        exchange.begin()
        exchange.delta(1, "Once upon ")

    def stopped(exchange: Exchange) -> None:
        exchange.begin()
        exchange.done(2, "Once upon a")
        exchange.end(3, "cancelled")

    deployment.turns = [novel, stopped]

    outcome = Turn(api, Interrupted()).follow(api.say(message("write a novel", "")))

    assert deployment.count(f"POST /api/usr_fake/chat/runs/{RUN}/cancel") == 1
    assert (outcome.error, capsys.readouterr().out) == ("stopped", "Once upon a\n")


def test_an_error_leaves_the_conversation_open(
    talk: Conversation, deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = {"detail": "This thread is being answered already."}
    deployment.turns = [lambda exchange: exchange.answer(409, busy), answer()]

    talk.obey("hi")
    talk.obey("hi again")

    assert capsys.readouterr().out == "This thread is being answered already.\nDone.\n"


@pytest.mark.parametrize("line", ["/nonsense", "/help"])
def test_commands_that_do_not_exist_lead_to_those_that_do(
    talk: Conversation, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    talk.obey(line)

    assert "/" in capsys.readouterr().out


LONG = "# Plan\n\nFirst a paragraph.\n\n```\ncode\n\nmore code\n```\n\n- one\n- two\n\nThe end."


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_markdown_is_drawn_once_however_it_is_cut(size: int) -> None:
    screen = io.StringIO()
    view = RichView(Console(file=screen, width=60))
    for at in range(0, len(LONG), size):
        view.delta(LONG[at : at + size])

    view.message(LONG)
    view.close()

    said = [line.strip() for line in screen.getvalue().splitlines() if line.strip()]
    assert [line for line in said if "─" not in line and "━" not in line] == [
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
def test_the_time_zone_is_the_one_that_has_a_name(variable: str, link: str, zone: str) -> None:
    assert local_timezone({"TZ": variable}, Path(link)) == zone
