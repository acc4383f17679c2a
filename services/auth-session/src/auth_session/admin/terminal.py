"""Input and output of administrators' commands."""

import getpass
import sys

from todochat.errors import ForbiddenError


def print_fields(*fields: str) -> None:
    """Print a line of tab-separated fields."""
    sys.stdout.write("\t".join(fields) + "\n")


def confirm(question: str) -> None:
    """Ask for confirmation of an action that can't be undone.

    Raises:
        ForbiddenError: the reply is not yes.
    """
    sys.stderr.write(f"{question} [yes/NO] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise ForbiddenError(
            "Cancelled: the reply was not yes. (Use `--yes` to skip the question.)"
        )


def read_password() -> str:
    """Prompt for a password, or read it from standard input if that is not a terminal.

    A password is never an argument, because every user of the machine can see arguments.
    """
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
