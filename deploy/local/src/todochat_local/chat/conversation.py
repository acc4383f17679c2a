"""A conversation in the terminal: messages, and commands that begin with a slash."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from todochat_local.chat.error import ChatError
from todochat_local.chat.follow import ChatApi, RunStream
from todochat_local.chat.session import Session
from todochat_local.chat.turn import Turn, last_items, message, text_of
from todochat_local.chat.view import View

THREADS_SHOWN: Final = 20
ITEMS_SHOWN: Final = 10
HELP: Final = """\
  /new       begin a new conversation       /tasks   show the open tasks
  /threads   list earlier conversations     /stop    stop the answer that is being written
  /open N    go on with one of them         /quit    leave (or Ctrl-D)
  /link      sign in to a browser with this account: a link that works once, for 10 minutes
Ctrl-C stops an answer while it comes."""


class Conversation:
    """Reads lines and acts on them until the person leaves."""

    def __init__(
        self,
        api: ChatApi,
        session: Session,
        make_view: Callable[[], View],
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

    def run(self) -> int:
        """Talk until /quit; return the exit code."""
        from prompt_toolkit import PromptSession  # noqa: PLC0415 - 0.3 s that one message spares
        from prompt_toolkit.history import FileHistory  # noqa: PLC0415

        self._history.touch(mode=0o600)
        prompt: PromptSession[str] = PromptSession(history=FileHistory(str(self._history)))
        _print(f"{self._url}   /help lists the commands")
        while True:
            try:
                line = prompt.prompt("> ").strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            if line in {"/quit", "/exit"}:
                return 0
            self.obey(line)

    def obey(self, line: str) -> None:
        """Act on one line; what goes wrong is said, and the conversation goes on."""
        commands: dict[str, Callable[[], None]] = {
            "/new": self._new,
            "/threads": self._list_threads,
            "/tasks": self._show_tasks,
            "/stop": self._stop,
            "/link": lambda: _print(self._session.sign_in_link()),
            "/help": lambda: _print(HELP),
        }
        word, _, rest = line.partition(" ")
        try:
            if word in commands:
                commands[word]()
            elif word == "/open":
                self._open(rest.strip())
            elif word.startswith("/"):
                _print(f"there is no {word}; /help lists the commands")
            elif line:
                self._follow(self._api.say(message(line, self._thread_id)))
        except ChatError as error:
            _print(str(error))

    def _follow(self, stream: RunStream) -> None:
        outcome = Turn(self._api, self._make_view(), self._thread_id).follow(stream)
        self._thread_id = outcome.thread_id
        if outcome.error:
            _print(outcome.error)

    def _new(self) -> None:
        self._thread_id = ""
        _print("a new conversation")

    def _list_threads(self) -> None:
        params = {"limit": THREADS_SHOWN, "order": "desc"}
        self._threads = self._api.ask({"type": "threads.list", "params": params})["data"]
        for number, thread in enumerate(self._threads, 1):
            mark = "*" if thread["id"] == self._thread_id else " "
            _print(f"{mark}{number:>3}  {thread.get('title') or 'untitled'}")
        if not self._threads:
            _print("none yet")

    def _open(self, number: str) -> None:
        if not self._threads:
            self._list_threads()
        if not number.isdigit() or not 0 < int(number) <= len(self._threads):
            _print(f"/open takes a number from 1 to {len(self._threads)}; /threads lists them")
            return
        self._thread_id = self._threads[int(number) - 1]["id"]
        for item in last_items(self._api, self._thread_id, ITEMS_SHOWN):
            if item["type"] == "user_message":
                _print(f"> {text_of(item)}")
            elif item["type"] == "assistant_message":
                view = self._make_view()
                view.message(text_of(item))
                view.close()
        active = self._api.active_run(self._thread_id)
        if active:
            self._follow(self._api.attach(active))

    def _show_tasks(self) -> None:
        tasks = self._api.tasks()
        for task in tasks:
            priority = "" if task["priority"] == "none" else f"({task['priority']})"
            parts = (f"{task['number']:>4} ", task["title"], priority, _due(task.get("due")))
            _print(" ".join(part for part in parts if part))
        if not tasks:
            _print("no open tasks")

    def _stop(self) -> None:
        active = self._api.active_run(self._thread_id) if self._thread_id else None
        if active is None:
            _print("nothing is being answered here")
            return
        self._api.cancel(active)
        self._follow(self._api.attach(active))


def _due(due: Mapping[str, str] | None) -> str:
    """Put a due date or time into words, in the zone it was given in."""
    if due is None:
        return ""
    if "at" not in due:
        return due["date"]
    local = datetime.fromisoformat(due["at"]).astimezone(ZoneInfo(due.get("timezone") or "UTC"))
    return f"{local:%Y-%m-%d %H:%M}"


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
