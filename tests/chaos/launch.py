"""The launcher, but what is killed again and again is started again at once.

For a person a process that keeps dying is started more and more slowly. Here it is us who kill it.
"""

from todochat_local import stack
from todochat_local.__main__ import main

if __name__ == "__main__":
    stack.MAX_BACKOFF_S = stack.FIRST_BACKOFF_S  # type: ignore[misc]
    main()
