"""`todochat chat`: from the command line to a turn or a conversation, and its exit code."""

import getpass
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from todochat_local.chat.conversation import Conversation
from todochat_local.chat.credential import CredentialStore
from todochat_local.chat.deployment import open_client
from todochat_local.chat.error import ChatError
from todochat_local.chat.follow import ChatApi
from todochat_local.chat.local_time import local_timezone
from todochat_local.chat.session import Session
from todochat_local.chat.turn import Turn, message
from todochat_local.chat.view import PlainView, RawView, View
from todochat_local.layout import DataDir
from todochat_local.lock import holder
from todochat_local.spelling import typed
from todochat_local.state import read_state, why_no_state

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class ChatOptions:
    """What `todochat chat` was called with."""

    message: str | None
    url: str | None
    data_dir: Path
    raw: bool
    environ: Mapping[str, str]


def run_chat(options: ChatOptions) -> int:
    """Answer one message, or hold a conversation; return the exit code."""
    try:
        return _chat(options)
    except ChatError as error:
        _say(f"todochat: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _chat(options: ChatOptions) -> int:
    url, key = _find_deployment(options)
    with open_client(url) as client:
        session = Session(
            client,
            CredentialStore(_config_dir(options) / "credentials.json"),
            key,
            timezone=local_timezone(options.environ),
            say=_say,
            ask_password=_ask_password if sys.stdin.isatty() else None,
        )
        session.open(options.environ)
        api = ChatApi(client, session)
        if options.message is None:
            if not sys.stdin.isatty():
                msg = "give a message, or call it from a terminal"
                raise ChatError(msg)
            history = _config_dir(options) / "history"
            return Conversation(api, _view_maker(options), history, url).run()
        outcome = Turn(api, _view_maker(options)()).follow(api.say(message(options.message, "")))
    if outcome.error:
        raise ChatError(outcome.error)
    return 0


def _find_deployment(options: ChatOptions) -> tuple[str, str]:
    """Return the address, and the name under which an account there is kept."""
    if options.url:
        return options.url.rstrip("/"), options.url.rstrip("/")
    data = DataDir(options.data_dir)
    state = read_state(data) if data.exists() and holder(data) is not None else None
    if state is None:
        why, up = why_no_state(data), typed("up", data)
        msg = f"{why} on {data.path}; `{up}` starts it, --url names another place"
        raise ChatError(msg)
    return state["edge"], str(data.path)  # the port may be another one next time


def _view_maker(options: ChatOptions) -> Callable[[], View]:
    if options.raw:
        return RawView
    if not sys.stdout.isatty():
        return PlainView
    from rich.console import Console  # noqa: PLC0415 - 0.3 s that plain output doesn't need

    from todochat_local.chat.rich_view import RichView  # noqa: PLC0415

    console = Console(no_color="NO_COLOR" in options.environ or None)
    return lambda: RichView(console)


def _config_dir(options: ChatOptions) -> Path:
    configured = options.environ.get("XDG_CONFIG_HOME")
    return Path(configured) / "todochat" if configured else Path(typer.get_app_dir("todochat"))


def _ask_password(email: str) -> str:
    return getpass.getpass(f"password of {email}: ")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
