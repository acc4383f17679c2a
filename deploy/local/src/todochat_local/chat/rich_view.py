"""An answer as markdown in a terminal, redrawn while it grows."""

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.text import Text

from todochat_local.chat.frame import Frame


class RichView:
    """Draws the message that is being written in place, finished ones for good.

    A long message is not redrawn as a whole: what lies before its last paragraph can no longer
    change and is printed, so that the moving part stays smaller than the window.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=12)
        self._text = ""
        self._printed = 0
        self._doing = "thinking"
        self._live.start()
        self._draw()

    def frame(self, frame: Frame) -> None:
        """Frames are shown by what they mean."""

    def delta(self, text: str) -> None:
        """Draw the message with its new part."""
        self._text += text
        self._doing = ""
        settled = _settled(self._text)
        if settled > self._printed:
            self._live.console.print(Markdown(self._text[self._printed : settled]), "")
            self._printed = settled
        self._draw()

    def message(self, text: str) -> None:
        """Print the whole message, as far as it isn't printed yet."""
        if text[: self._printed] != self._text[: self._printed]:
            self._printed = 0
        self._live.console.print(Markdown(text[self._printed :]))
        self._reset()

    def withdraw(self) -> None:
        """Take back what is drawn; say so if some of it is printed already."""
        if self._printed:
            self.notice("(interrupted, saying it again)")
        self._reset()

    def progress(self, text: str) -> None:
        """Show what is being done, in place of what was."""
        self._doing = text
        self._draw()

    def notice(self, text: str) -> None:
        """Print a remark."""
        self._live.console.print(Text(text, style="dim"))

    def close(self) -> None:
        """Leave what was said on the screen."""
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
        if self._doing and not rest:
            shown = Spinner("dots", Text(self._doing, style="dim"))
        self._live.update(shown)


def _settled(text: str) -> int:
    """Return how much of a text is whole paragraphs that later words can't change."""
    end = text.rfind("\n\n")
    # Inside a fence or a list a blank line ends nothing.
    while end > 0 and (text.count("```", 0, end) % 2 or _in_list(text[end:])):
        end = text.rfind("\n\n", 0, end)
    return end + 2 if end > 0 else 0


def _in_list(after: str) -> bool:
    first = after.lstrip("\n")[:1]
    return first in {"", " ", "-", "*", "+"} or first.isdigit()
