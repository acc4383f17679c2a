"""Starts a launcher in a session of its own, and prints its output until the stack is ready."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

READY: Final = b"\0"
READ_BYTES: Final = 4096


def start_detached(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Start the launcher; return 0 when the stack is ready, 1 if it failed.

    Args:
        command: gets one more argument, the descriptor of a pipe for its output.
    """
    reader, writer = os.pipe()
    launcher = subprocess.Popen(  # noqa: S603 - our own program
        [*command, str(writer)], env=environ, pass_fds=[writer], start_new_session=True
    )
    os.close(writer)
    is_ready = False
    while chunk := os.read(reader, READ_BYTES):
        is_ready = is_ready or READY in chunk
        sys.stdout.write(chunk.replace(READY, b"").decode(errors="replace"))
        sys.stdout.flush()
    return 0 if is_ready else launcher.wait() or 1
