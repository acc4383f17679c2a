"""What administrators' commands read and write."""

import getpass
import sys

from todochat.errors import ForbiddenError


def say(*fields: str) -> None:
    """Print a line; more than one field are separated by tabs."""
    sys.stdout.write("\t".join(fields) + "\n")


def confirm(question: str) -> None:
    """Ask before something that can't be undone.

    Raises:
        ForbiddenError: the answer is not yes.
    """
    sys.stderr.write(f"{question} [yes/NO] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise ForbiddenError("Nothing was done: the answer was not yes. (`--yes` doesn't ask.)")


def read_password() -> str:
    """Ask for a password, or read it from standard input.

    It is never an argument: arguments are shown to every user of the machine.
    """
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
