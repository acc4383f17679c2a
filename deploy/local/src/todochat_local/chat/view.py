"""Showing an answer while it comes: frames, plain text, or markdown in a terminal."""

import sys
from typing import Protocol

from todochat_local.chat.frame import Frame


class View(Protocol):
    """What a turn is shown on."""

    def frame(self, frame: Frame) -> None:
        """Take every frame as it came."""
        ...

    def delta(self, text: str) -> None:
        """Take more of the message that is being written."""
        ...

    def message(self, text: str) -> None:
        """Take a whole message, which ends the one that is being written."""
        ...

    def withdraw(self) -> None:
        """Forget the message that is being written: it will be said anew."""
        ...

    def progress(self, text: str) -> None:
        """Take what the assistant is doing."""
        ...

    def notice(self, text: str) -> None:
        """Take a remark that is no part of the answer."""
        ...

    def close(self) -> None:
        """Hear that the turn is over."""
        ...


class RawView:
    """Prints the frames byte by byte and nothing else."""

    def __init__(self) -> None:
        self._out = sys.stdout

    def frame(self, frame: Frame) -> None:
        """Print it."""
        self._out.write(frame.raw.decode(errors="replace"))
        self._out.flush()

    def delta(self, text: str) -> None:
        """It was in a frame."""

    def message(self, text: str) -> None:
        """It was in a frame."""

    def withdraw(self) -> None:
        """It was in a frame."""

    def progress(self, text: str) -> None:
        """It was in a frame."""

    def notice(self, text: str) -> None:
        """It was in a frame."""

    def close(self) -> None:
        """Nothing is left to print."""


class PlainView:
    """Prints the answer as text, for pipes and files; remarks go to standard error."""

    def __init__(self) -> None:
        self._out = sys.stdout
        self._remarks = sys.stderr
        self._said = ""

    def frame(self, frame: Frame) -> None:
        """Frames are shown by what they mean."""

    def delta(self, text: str) -> None:
        """Print it at once."""
        self._said += text
        self._print(text)

    def message(self, text: str) -> None:
        """Print what has not been printed of it."""
        if text.startswith(self._said):
            self._print(text[len(self._said) :] + "\n")
        else:
            self._print(f"\n{text}\n")
        self._said = ""

    def withdraw(self) -> None:
        """What is printed stays; the next message begins on a line of its own."""
        if self._said:
            self._print("\n")
            self.notice("(interrupted, saying it again)")
        self._said = ""

    def progress(self, text: str) -> None:
        """Say it apart from the answer."""
        self.notice(text)

    def notice(self, text: str) -> None:
        """Say it apart from the answer."""
        self._remarks.write(text + "\n")
        self._remarks.flush()

    def close(self) -> None:
        """End a line that was left open."""
        if self._said:
            self._print("\n")
        self._said = ""

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
