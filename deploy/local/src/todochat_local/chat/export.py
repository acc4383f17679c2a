"""`todochat export FILE`: everything a deployment keeps about a person, in one JSON document.

No service sees what is another's, so the client asks each and joins the answers as they come:
`{"account": ..., "tasks": ..., "chat": ...}`.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from todochat_local.chat.deployment import check, open_client, unreachable
from todochat_local.chat.error import ChatError
from todochat_local.chat.session import Session
from todochat_local.chat.sign_in import find_deployment, open_session, say

EXIT_ERROR: Final = 1
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What `todochat export` was called with.

    Args:
        force: replace a file that is there.
    """

    file: Path
    url: str | None
    data_dir: Path
    force: bool
    environ: Mapping[str, str]


@dataclass(frozen=True)
class _Part:
    """One service's part of the archive; `token` returns what opens it."""

    name: str
    path: str
    token: Callable[[], str]


def run_export(options: ExportOptions) -> int:
    """Write the archive, or nothing; return the exit code."""
    try:
        _export(options)
    except ChatError as error:
        say(f"todochat: {error}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    say(f"wrote {options.file}")
    return 0


def _export(options: ExportOptions) -> None:
    if options.file.exists() and not options.force:
        msg = f"{options.file} is there already; --force replaces it"
        raise ChatError(msg)
    url, key = find_deployment(options)
    with open_client(url) as client:
        session = open_session(client, options, key, must_exist=True)
        try:
            _write(options.file, client, _parts(session))
        except OSError as error:
            msg = f"can't write {options.file}: {error.strerror or error}"
            raise ChatError(msg) from error


def _parts(session: Session) -> list[_Part]:
    user = f"/api/{session.user_id}"
    return [
        _Part("account", "/api/auth/me/export", session.login_token),
        _Part("tasks", f"{user}/export", session.login_token),
        _Part("chat", f"{user}/chat/export", session.client_secret),
    ]


def _write(target: Path, client: httpx.Client, parts: list[_Part]) -> None:
    """Write beside the target, then put it in place: a file that is there is complete."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for index, part in enumerate(parts):
                file.write(f'{"," if index else "{"}\n"{part.name}": '.encode())
                _copy(client, part, file)
            file.write(b"\n}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _copy(client: httpx.Client, part: _Part, file: BinaryIO) -> None:
    headers = {"Authorization": f"Bearer {part.token()}"}
    try:
        with client.stream("GET", part.path, headers=headers) as response:
            if not response.is_success:
                response.read()
            check(response)
            file.writelines(response.iter_bytes())
    except httpx.TransportError as error:  # among them: the answer broke off
        raise unreachable(client, error) from error
