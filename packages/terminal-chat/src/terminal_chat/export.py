"""`todochat export FILE`: all data that a deployment stores about the user, as one JSON document.

No service can read another's data, so the client requests each part and joins the responses while
they stream: `{"account": ..., "tasks": ..., "chat": ...}`.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from terminal_chat.errors import ChatError
from terminal_chat.http_calls import check_response, open_client, unreachable
from terminal_chat.sign_in import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    ClientContext,
    open_session,
    print_notice,
)


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """The arguments of `todochat export`.

    Args:
        force: overwrite an existing file.
    """

    file: Path
    force: bool
    context: ClientContext


@dataclass(frozen=True)
class ExportPart:
    """One service's part of the document; `token` returns the bearer token for it."""

    name: str
    path: str
    token: Callable[[], str]


def run_export(options: ExportOptions) -> int:
    """Write the document, or nothing; return the exit code."""
    try:
        export_data(options)
    except ChatError as error:
        print_notice(f"todochat: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    print_notice(f"wrote {options.file}")
    return 0


def export_data(options: ExportOptions) -> None:
    """Write the document.

    Raises:
        ChatError: the file exists or can't be written, or a request failed.
    """
    if options.file.exists() and not options.force:
        msg = f"{options.file} already exists; --force overwrites it"
        raise ChatError(msg)
    with open_client(options.context.url) as client:
        session = open_session(client, options.context, must_exist=True)
        user = f"/api/{session.user_id}"
        parts = [
            ExportPart("account", "/api/auth/me/export", session.login_token),
            ExportPart("tasks", f"{user}/export", session.login_token),
            ExportPart("chat", f"{user}/chat/export", session.client_secret),
        ]
        try:
            write_document(options.file, client, parts)
        except OSError as error:
            msg = f"can't write {options.file}: {error.strerror or error}"
            raise ChatError(msg) from error


def write_document(target: Path, client: httpx.Client, parts: list[ExportPart]) -> None:
    """Write to a temporary file and rename it, so that the target is always complete."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for index, part in enumerate(parts):
                file.write(f'{"," if index else "{"}\n"{part.name}": '.encode())
                copy_part(client, part, file)
            file.write(b"\n}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def copy_part(client: httpx.Client, part: ExportPart, file: BinaryIO) -> None:
    """Stream one service's response into the file.

    Raises:
        ChatError: the request failed or the response was truncated.
    """
    headers = {"Authorization": f"Bearer {part.token()}"}
    try:
        with client.stream("GET", part.path, headers=headers) as response:
            if not response.is_success:
                response.read()
            check_response(response)
            file.writelines(response.iter_bytes())
    except httpx.TransportError as error:
        raise unreachable(client, error) from error
