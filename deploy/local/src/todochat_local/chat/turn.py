"""One turn: a message out, its answer in, shown while it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from todochat_local.chat.error import ChatError, RunLogGoneError
from todochat_local.chat.follow import ChatApi, RunStream
from todochat_local.chat.frame import Frame
from todochat_local.chat.view import View

ASSISTANT = "assistant_message"


@dataclass
class Outcome:
    """How a turn went."""

    thread_id: str
    error: str = ""


class Turn:
    """Reads one run's events and tells a view what they mean.

    Args:
        thread_id: empty for a message that opens a thread.
    """

    def __init__(self, api: ChatApi, view: View, thread_id: str = "") -> None:
        self._api = api
        self._view = view
        self._outcome = Outcome(thread_id)
        self._seen: set[str] = set()

    def follow(self, stream: RunStream) -> Outcome:
        """Show a run to its end; Ctrl-C stops it, and what it still says is shown.

        Raises:
            ChatError: it can't be followed.
        """
        try:
            self._read(stream)
        except KeyboardInterrupt:
            if not stream.run_id:
                raise
            self._api.cancel(stream.run_id)
            self._read(stream)
        finally:
            self._view.close()
        return self._outcome

    def _read(self, stream: RunStream) -> None:
        try:
            for frame in stream:
                self._view.frame(frame)
                self._take(frame)
        except RunLogGoneError:
            self._reload()

    def _take(self, frame: Frame) -> None:
        if "snapshot" in frame.comments:
            self._view.withdraw()
            self._reload()
        if frame.event is not None:
            self._take_event(frame.event)
        if frame.end == "cancelled":
            self._outcome.error = "stopped"
        elif frame.end == "failed" and not self._outcome.error:
            self._outcome.error = "the answer failed"

    def _take_event(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"type": "thread.created", "thread": {"id": thread_id}}:
                self._outcome.thread_id = thread_id
            case {"type": "thread.item.updated", "update": {"delta": delta, "type": kind}}:
                if kind == "assistant_message.content_part.text_delta":
                    self._view.delta(delta)
            case {"type": "thread.item.done", "item": {"type": "assistant_message"} as item}:
                self._show(item)
            case {"type": "thread.item.removed"}:
                self._view.withdraw()
            case {"type": "progress_update", "text": text}:
                self._view.progress(text)
            case {"type": "notice", "message": text}:
                self._view.notice(text)
            case {"type": "error"}:
                self._outcome.error = event.get("message") or "the answer failed"

    def _show(self, item: Mapping[str, Any]) -> None:
        if item["id"] not in self._seen:
            self._seen.add(item["id"])
            self._view.message(text_of(item))

    def _reload(self) -> None:
        """Show what the thread holds after the person's last message.

        Raises:
            ChatError: it isn't known which thread this is.
        """
        if not self._outcome.thread_id:
            msg = "the answer is no longer on the server"
            raise ChatError(msg)
        for item in answers_of(last_items(self._api, self._outcome.thread_id)):
            self._show(item)


def last_items(api: ChatApi, thread_id: str, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last items of a thread, oldest first."""
    params = {"thread_id": thread_id, "limit": limit, "order": "desc"}
    items: list[dict[str, Any]] = api.ask({"type": "items.list", "params": params})["data"]
    return items[::-1]


def answers_of(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the assistant's messages after the person's last one."""
    asked = [at for at, item in enumerate(items) if item["type"] == "user_message"]
    after = items[asked[-1] + 1 :] if asked else items
    return [item for item in after if item["type"] == ASSISTANT]


def text_of(item: Mapping[str, Any]) -> str:
    """Return what a message says."""
    return "".join(part.get("text", "") for part in item["content"])


def message(text: str, thread_id: str) -> dict[str, Any]:
    """Return the ChatKit request for a message; an empty thread id opens a thread."""
    params: dict[str, Any] = {
        "input": {
            "content": [{"type": "input_text", "text": text}],
            "quoted_text": "",
            "attachments": [],
            "inference_options": {},
        }
    }
    if not thread_id:
        return {"type": "threads.create", "params": params}
    return {"type": "threads.add_user_message", "params": {**params, "thread_id": thread_id}}
