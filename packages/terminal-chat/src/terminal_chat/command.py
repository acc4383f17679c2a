"""`todochat chat`: sends one message or starts a conversation."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from terminal_chat.account_session import AccountSession
from terminal_chat.answer_view import AnswerView, PlainView, RawView
from terminal_chat.chat_api import ChatApi
from terminal_chat.conversation import TerminalConversation
from terminal_chat.errors import ChatError
from terminal_chat.http_calls import open_client
from terminal_chat.sign_in import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    ClientContext,
    open_session,
    print_notice,
)
from terminal_chat.turn_reader import TurnReader, message_request


@dataclass(frozen=True, kw_only=True)
class ChatOptions:
    """The arguments of `todochat chat`.

    Args:
        message: None starts a conversation.
        raw: print the frames of the stream.
        link: print a sign-in link instead.
    """

    message: str | None
    raw: bool
    link: bool = False
    context: ClientContext


def run_chat(options: ChatOptions) -> int:
    """Send one message or run a conversation; return the exit code."""
    try:
        with open_client(options.context.url) as client:
            session = open_session(client, options.context, must_exist=False)
            if options.link:
                sys.stdout.write(f"{session.create_sign_in_link()}\n")
            else:
                chat(options, ChatApi(client, session), session)
    except ChatError as error:
        print_notice(f"todochat: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def chat(options: ChatOptions, api: ChatApi, session: AccountSession) -> None:
    """Send the message and print the response, or run a conversation.

    Raises:
        ChatError: the run failed, or there is neither a message nor a terminal.
    """
    make_view = view_factory(options)
    if options.message is None:
        if not sys.stdin.isatty():
            msg = "pass a message, or run this command in a terminal"
            raise ChatError(msg)
        history = options.context.config_dir / "history"
        TerminalConversation(api, session, make_view, history, options.context.url).run()
        return
    stream = api.send_message(message_request(options.message, ""))
    result = TurnReader(api, make_view()).follow(stream)
    if result.error:
        raise ChatError(result.error)


def view_factory(options: ChatOptions) -> Callable[[], AnswerView]:
    """Return the view for standard output: frames, plain text in a pipe, or Markdown."""
    if options.raw:
        return RawView
    if not sys.stdout.isatty():
        return PlainView
    from rich.console import Console  # noqa: PLC0415 - takes 0.3 s; plain output doesn't need it

    from terminal_chat.rich_view import RichView  # noqa: PLC0415

    console = Console(no_color="NO_COLOR" in options.context.environ or None)
    return lambda: RichView(console)
