"""`python -m todo_agent api|worker|migrate|usage|import-threads`: the only file that reads the environment."""

import gc

if __name__ == "__main__":
    gc.disable()  # imports create little garbage; todochat.http.server.run collects it

import os
import sys

import todochat.lean_imports  # noqa: F401 - before all others
from durable_chatkit.commands import run_command
from todo_agent.settings import TodoAgentSettings


def main() -> None:
    """Run the command given on the command line."""
    environ = os.environ  # noqa: TID251 - the only read
    run_command("python -m todo_agent", TodoAgentSettings, sys.argv[1:], environ)


if __name__ == "__main__":
    main()
