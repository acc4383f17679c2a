"""The launcher without growing restart delays.

A process that keeps dying is normally restarted more and more slowly. Here the harness kills it.
"""

from todochat_local import stack
from todochat_local.__main__ import main

if __name__ == "__main__":
    stack.MAX_BACKOFF_S = stack.FIRST_BACKOFF_S  # type: ignore[misc]
    main()
