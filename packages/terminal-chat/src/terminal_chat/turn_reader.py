"""One turn: sends a message and shows the response while it streams."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from terminal_chat.answer_view import AnswerView
from terminal_chat.chat_api import ChatApi, RunStream
from terminal_chat.errors import ChatError, RunLogGoneError
from terminal_chat.item_text import SHOWN_TYPES, item_text, task_text
from terminal_chat.stream_frame import StreamFrame


@dataclass
class TurnResult:
    """The thread of a turn, and the error that ended it."""

    thread_id: str
    error: str = ""


class TurnReader:
    """Reads one run's events and shows them in a view.

    Args:
        thread_id: empty for a message that creates a thread.
    """

    def __init__(self, api: ChatApi, view: AnswerView, thread_id: str = "") -> None:
        self._api = api
        self._view = view
        self._result = TurnResult(thread_id)
        self._shown_ids: set[str] = set()

    def follow(self, stream: RunStream) -> TurnResult:
        """Show a run until it ends; Ctrl-C cancels it and shows its last frames.

        Raises:
            ChatError: the stream failed.
        """
        try:
            self._read(stream)
        except KeyboardInterrupt:
            if not stream.run_id:
                raise
            self._api.cancel_run(stream.run_id)
            self._read(stream)
        finally:
            self._view.close()
        return self._result

    def handle_frame(self, frame: StreamFrame) -> None:
        """Show one frame and record what ended the run."""
        self._view.show_frame(frame)
        if "snapshot" in frame.comments:
            self._view.discard_draft()
            self._show_stored_answers()
        if frame.event is not None:
            self.handle_event(frame.event)
        if frame.end == "cancelled":
            self._result.error = "stopped"
        elif frame.end == "failed" and not self._result.error:
            self._result.error = "the response failed"

    def handle_event(self, event: Mapping[str, Any]) -> None:
        """Show one ChatKit event."""
        match event:
            case {"type": "thread.created", "thread": {"id": thread_id}}:
                self._result.thread_id = thread_id
            case {"type": "thread.item.updated", "update": {"delta": delta, "type": kind}}:
                if kind == "assistant_message.content_part.text_delta":
                    self._view.show_delta(delta)
            case {"type": "thread.item.updated", "update": {"task": task}}:
                self._view.show_progress(task_text(task))
            case {"type": "thread.item.done", "item": item}:
                self._show_item(item)
            case {"type": "thread.item.removed"}:
                self._view.discard_draft()
            case {"type": "progress_update", "text": text}:
                self._view.show_progress(text)
            case {"type": "notice", "message": text}:
                self._view.show_notice(text)
            case {"type": "error"}:
                self._result.error = event.get("message") or "the response failed"

    def _read(self, stream: RunStream) -> None:
        try:
            for frame in stream:
                self.handle_frame(frame)
        except RunLogGoneError:
            self._show_stored_answers()

    def _show_item(self, item: Mapping[str, Any]) -> None:
        if item["type"] in SHOWN_TYPES and item["id"] not in self._shown_ids:
            self._shown_ids.add(item["id"])
            self._view.show_message(item_text(item))

    def _show_stored_answers(self) -> None:
        """Show the thread's items after the user's last message.

        Raises:
            ChatError: the thread's ID is unknown.
        """
        if not self._result.thread_id:
            msg = "the response is no longer on the server"
            raise ChatError(msg)
        for item in answers_of(load_last_items(self._api, self._result.thread_id)):
            self._show_item(item)


def load_last_items(api: ChatApi, thread_id: str, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last items of a thread, oldest first."""
    params = {"thread_id": thread_id, "limit": limit, "order": "desc"}
    items: list[dict[str, Any]] = api.request({"type": "items.list", "params": params})["data"]
    return items[::-1]


def answers_of(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the assistant's messages and images after the user's last message."""
    user_messages = [at for at, item in enumerate(items) if item["type"] == "user_message"]
    after = items[user_messages[-1] + 1 :] if user_messages else items
    return [item for item in after if item["type"] in SHOWN_TYPES]


def message_request(text: str, thread_id: str) -> dict[str, Any]:
    """Return the ChatKit request for a message; an empty thread ID creates a thread."""
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
