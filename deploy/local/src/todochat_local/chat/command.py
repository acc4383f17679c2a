"""`todochat chat`: from the command line to a turn or a conversation, and its exit code."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from todochat_local.chat.conversation import Conversation
from todochat_local.chat.deployment import open_client
from todochat_local.chat.error import ChatError
from todochat_local.chat.follow import ChatApi
from todochat_local.chat.sign_in import config_dir, find_deployment, open_session, say
from todochat_local.chat.turn import Turn, message
from todochat_local.chat.view import PlainView, RawView, View

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class ChatOptions:
    """What `todochat chat` was called with."""

    message: str | None
    url: str | None
    data_dir: Path
    raw: bool
    link: bool = False
    environ: Mapping[str, str]


def run_chat(options: ChatOptions) -> int:
    """Answer one message, or hold a conversation; return the exit code."""
    try:
        return _chat(options)
    except ChatError as error:
        say(f"todochat: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _chat(options: ChatOptions) -> int:
    url, key = find_deployment(options)
    with open_client(url) as client:
        session = open_session(client, options, key, must_exist=False)
        if options.link:
            sys.stdout.write(f"{session.sign_in_link()}\n")
            return 0
        api = ChatApi(client, session)
        if options.message is None:
            if not sys.stdin.isatty():
                msg = "give a message, or call it from a terminal"
                raise ChatError(msg)
            history = config_dir(options.environ) / "history"
            return Conversation(api, session, _view_maker(options), history, url).run()
        outcome = Turn(api, _view_maker(options)()).follow(api.say(message(options.message, "")))
    if outcome.error:
        raise ChatError(outcome.error)
    return 0


def _view_maker(options: ChatOptions) -> Callable[[], View]:
    if options.raw:
        return RawView
    if not sys.stdout.isatty():
        return PlainView
    from rich.console import Console  # noqa: PLC0415 - 0.3 s that plain output doesn't need

    from todochat_local.chat.rich_view import RichView  # noqa: PLC0415

    console = Console(no_color="NO_COLOR" in options.environ or None)
    return lambda: RichView(console)
