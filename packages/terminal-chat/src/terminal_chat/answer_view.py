"""Views of a response while it streams: raw frames or plain text."""

import sys
from typing import Protocol

from terminal_chat.stream_frame import StreamFrame


class AnswerView(Protocol):
    """Shows one turn."""

    def show_frame(self, frame: StreamFrame) -> None:
        """Show a frame as received."""
        ...

    def show_delta(self, text: str) -> None:
        """Append to the current message."""
        ...

    def show_message(self, text: str) -> None:
        """Show a whole message, which completes the current one."""
        ...

    def discard_draft(self) -> None:
        """Discard the current message; the server sends it again."""
        ...

    def show_progress(self, text: str) -> None:
        """Show the assistant's current activity."""
        ...

    def show_notice(self, text: str) -> None:
        """Show a remark that is not part of the response."""
        ...

    def close(self) -> None:
        """End the turn."""
        ...


class RawView:
    """Prints frames byte by byte and nothing else."""

    def __init__(self) -> None:
        self._out = sys.stdout

    def show_frame(self, frame: StreamFrame) -> None:
        """Print the frame."""
        self._out.write(frame.raw.decode(errors="replace"))
        self._out.flush()

    def show_delta(self, text: str) -> None:
        """No-op: the frame has been printed."""

    def show_message(self, text: str) -> None:
        """No-op: the frame has been printed."""

    def discard_draft(self) -> None:
        """No-op: the frame has been printed."""

    def show_progress(self, text: str) -> None:
        """No-op: the frame has been printed."""

    def show_notice(self, text: str) -> None:
        """No-op: the frame has been printed."""

    def close(self) -> None:
        """No-op."""


class PlainView:
    """Prints the response as text, for pipes and files; notices go to standard error."""

    def __init__(self) -> None:
        self._out = sys.stdout
        self._notices = sys.stderr
        self._printed = ""

    def show_frame(self, frame: StreamFrame) -> None:
        """No-op: only the event of a frame is shown."""

    def show_delta(self, text: str) -> None:
        """Print the text immediately."""
        self._printed += text
        self._print(text)

    def show_message(self, text: str) -> None:
        """Print the part of the message that hasn't been printed yet."""
        if text.startswith(self._printed):
            self._print(text[len(self._printed) :] + "\n")
        else:
            self._print(f"\n{text}\n")
        self._printed = ""

    def discard_draft(self) -> None:
        """Start a new line; printed text can't be removed."""
        if self._printed:
            self._print("\n")
            self.show_notice("(interrupted, retrying)")
        self._printed = ""

    def show_progress(self, text: str) -> None:
        """Print to standard error."""
        self.show_notice(text)

    def show_notice(self, text: str) -> None:
        """Print to standard error."""
        self._notices.write(text + "\n")
        self._notices.flush()

    def close(self) -> None:
        """Terminate an unfinished line."""
        if self._printed:
            self._print("\n")
        self._printed = ""

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
