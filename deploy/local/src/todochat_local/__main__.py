"""The command `todochat`."""

import os

from todochat_local.cli import app


def main() -> None:
    """Run the command line."""
    app(obj=dict(os.environ))  # noqa: TID251 - the only place that reads it


if __name__ == "__main__":
    main()
