"""An interactive conversation: messages, and commands that start with a slash."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from terminal_chat.account_session import AccountSession
from terminal_chat.answer_view import AnswerView
from terminal_chat.chat_api import ChatApi, RunStream
from terminal_chat.errors import ChatError
from terminal_chat.item_text import SHOWN_TYPES, item_text
from terminal_chat.turn_reader import TurnReader, load_last_items, message_request

THREADS_SHOWN: Final = 20
ITEMS_SHOWN: Final = 10
HELP: Final = """\
  /new       start a new conversation       /tasks   show open tasks
  /threads   list earlier conversations     /stop    stop the current response
  /open N    continue conversation N        /quit    quit (or Ctrl-D)
  /link      print a link that signs you in to a browser; it works once, for 10 minutes
Ctrl-C stops a response while it streams."""


class TerminalConversation:
    """Reads lines and acts on them until the user quits."""

    def __init__(
        self,
        api: ChatApi,
        session: AccountSession,
        make_view: Callable[[], AnswerView],
        history: Path,
        url: str,
    ) -> None:
        self._api = api
        self._session = session
        self._make_view = make_view
        self._history = history
        self._url = url
        self._thread_id = ""
        self._threads: list[dict[str, Any]] = []

    def run(self) -> None:
        """Read lines until /quit or Ctrl-D."""
        from prompt_toolkit import PromptSession  # noqa: PLC0415 - takes 0.3 s; one message doesn't need it
        from prompt_toolkit.history import FileHistory  # noqa: PLC0415

        self._history.touch(mode=0o600)
        prompt: PromptSession[str] = PromptSession(history=FileHistory(str(self._history)))
        print_line(f"{self._url}   /help lists the commands")
        while True:
            try:
                line = prompt.prompt("> ").strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line in {"/quit", "/exit"}:
                return
            self.handle_line(line)

    def handle_line(self, line: str) -> None:
        """Run a command or send a message; print the error if that fails."""
        commands: dict[str, Callable[[], None]] = {
            "/new": self.start_thread,
            "/threads": self.list_threads,
            "/tasks": self.show_tasks,
            "/stop": self.stop_run,
            "/link": lambda: print_line(self._session.create_sign_in_link()),
            "/help": lambda: print_line(HELP),
        }
        word, _, rest = line.partition(" ")
        try:
            if word in commands:
                commands[word]()
            elif word == "/open":
                self.open_thread(rest.strip())
            elif word.startswith("/"):
                print_line(f"unknown command {word}; /help lists the commands")
            elif line:
                self._follow(self._api.send_message(message_request(line, self._thread_id)))
        except ChatError as error:
            print_line(str(error))

    def start_thread(self) -> None:
        """Send the next message to a new thread."""
        self._thread_id = ""
        print_line("new conversation")

    def list_threads(self) -> None:
        """Print the latest threads, numbered for /open."""
        params = {"limit": THREADS_SHOWN, "order": "desc"}
        self._threads = self._api.request({"type": "threads.list", "params": params})["data"]
        for number, thread in enumerate(self._threads, 1):
            mark = "*" if thread["id"] == self._thread_id else " "
            print_line(f"{mark}{number:>3}  {thread.get('title') or 'untitled'}")
        if not self._threads:
            print_line("no conversations yet")

    def open_thread(self, number: str) -> None:
        """Switch to a listed thread, print its last messages and follow its active run."""
        if not self._threads:
            self.list_threads()
        if not number.isdigit() or not 0 < int(number) <= len(self._threads):
            print_line(f"/open takes a number from 1 to {len(self._threads)}; /threads lists them")
            return
        self._thread_id = self._threads[int(number) - 1]["id"]
        for item in load_last_items(self._api, self._thread_id, ITEMS_SHOWN):
            if item["type"] == "user_message":
                print_line(f"> {item_text(item)}")
            elif item["type"] in SHOWN_TYPES:
                view = self._make_view()
                view.show_message(item_text(item))
                view.close()
        active = self._api.find_active_run(self._thread_id)
        if active:
            self._follow(self._api.attach_run(active))

    def show_tasks(self) -> None:
        """Print the open tasks."""
        tasks = self._api.list_open_tasks()
        for task in tasks:
            priority = "" if task["priority"] == "none" else f"({task['priority']})"
            parts = (f"{task['number']:>4} ", task["title"], priority, due_text(task.get("due")))
            print_line(" ".join(part for part in parts if part))
        if not tasks:
            print_line("no open tasks")

    def stop_run(self) -> None:
        """Cancel the active run of this thread and print its last frames."""
        active = self._api.find_active_run(self._thread_id) if self._thread_id else None
        if active is None:
            print_line("no response in progress")
            return
        self._api.cancel_run(active)
        self._follow(self._api.attach_run(active))

    def _follow(self, stream: RunStream) -> None:
        result = TurnReader(self._api, self._make_view(), self._thread_id).follow(stream)
        self._thread_id = result.thread_id
        if result.error:
            print_line(result.error)


def due_text(due: Mapping[str, str] | None) -> str:
    """Return a due date, or a due time in the task's own time zone."""
    if due is None:
        return ""
    if "at" not in due:
        return due["date"]
    local = datetime.fromisoformat(due["at"]).astimezone(ZoneInfo(due.get("timezone") or "UTC"))
    return f"{local:%Y-%m-%d %H:%M}"


def print_line(text: str) -> None:
    """Print a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
