"""What administrators' commands read and write."""

import getpass
import sys


def say(*fields: str) -> None:
    """Print a line; more than one field are separated by tabs."""
    sys.stdout.write("\t".join(fields) + "\n")


def read_password() -> str:
    """Ask for a password, or read it from standard input.

    It is never an argument: arguments are shown to every user of the machine.
    """
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
