"""Shows a response as Markdown in a terminal and redraws it while it grows."""

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.text import Text

from terminal_chat.stream_frame import StreamFrame


class RichView:
    """Redraws the current message in place; prints completed ones permanently.

    A long message isn't redrawn as a whole: text before its last paragraph can't change any more
    and is printed, so that the redrawn part stays smaller than the window.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=12)
        self._text = ""
        self._printed = 0
        self._progress = "thinking"
        self._live.start()
        self._draw()

    def show_frame(self, frame: StreamFrame) -> None:
        """No-op: only the event of a frame is shown."""

    def show_delta(self, text: str) -> None:
        """Redraw the message with the new text."""
        self._text += text
        self._progress = ""
        settled = settled_length(self._text)
        if settled > self._printed:
            self._live.console.print(Markdown(self._text[self._printed : settled]), "")
            self._printed = settled
        self._draw()

    def show_message(self, text: str) -> None:
        """Print the part of the message that hasn't been printed yet."""
        if text[: self._printed] != self._text[: self._printed]:
            self._printed = 0
        self._live.console.print(Markdown(text[self._printed :]))
        self._reset()

    def discard_draft(self) -> None:
        """Clear the redrawn part; print a notice if some text has been printed."""
        if self._printed:
            self.show_notice("(interrupted, retrying)")
        self._reset()

    def show_progress(self, text: str) -> None:
        """Replace the progress text."""
        self._progress = text
        self._draw()

    def show_notice(self, text: str) -> None:
        """Print a dim line."""
        self._live.console.print(Text(text, style="dim"))

    def close(self) -> None:
        """Print the remaining text permanently."""
        rest = self._text[self._printed :]
        self._live.stop()
        if rest:
            self._console.print(Markdown(rest))

    def _reset(self) -> None:
        self._text, self._printed = "", 0
        self._draw()

    def _draw(self) -> None:
        rest = self._text[self._printed :]
        shown: RenderableType = Markdown(rest)
        if self._progress and not rest:
            shown = Spinner("dots", Text(self._progress, style="dim"))
        self._live.update(shown)


def settled_length(text: str) -> int:
    """Return the length of the complete paragraphs that later text can't change."""
    end = text.rfind("\n\n")
    # A blank line inside a code fence or a list ends nothing.
    while end > 0:
        first = text[end:].lstrip("\n")[:1]
        is_in_list = first in {"", " ", "-", "*", "+"} or first.isdigit()
        if not is_in_list and text.count("```", 0, end) % 2 == 0:
            return end + 2
        end = text.rfind("\n\n", 0, end)
    return 0
