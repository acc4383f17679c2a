"""Stores the user's account at each deployment in a file that only its owner may read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from terminal_chat.errors import ChatError
from todochat.private_files import lock_within, read_json_object, write_private

LOCK_TIMEOUT_S: Final = 60.0  # another command holds the lock while it requests new tokens


@dataclass
class StoredAccount:
    """An account at one deployment.

    Args:
        password: only for an account that this client created; a user's own is never stored.
        refresh_token: keeps a user's own account signed in.
    """

    email: str
    password: str = ""
    user_id: str = ""
    refresh_token: str = ""
    login_token: str = ""
    login_expires_at: float = 0.0
    client_secret: str = ""
    secret_expires_at: float = 0.0


class CredentialStore:
    """The accounts in `credentials.json`, by deployment.

    Several commands may use it at the same time. A refresh token can be used once, so a command
    reads it, exchanges it and stores the next one under the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that serializes changes.

        Raises:
            ChatError: another command held it for LOCK_TIMEOUT_S.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not lock_within(fd, LOCK_TIMEOUT_S):
                msg = f"another todochat has been using {self._path} for {LOCK_TIMEOUT_S:.0f} s"
                raise ChatError(msg)
            yield
        finally:
            os.close(fd)

    def load_account(self, deployment: str) -> StoredAccount | None:
        """Return the account at a deployment.

        Raises:
            ChatError: the file is damaged.
        """
        entry = self._read_entries().get(deployment)
        return StoredAccount(**entry) if entry else None

    def save_account(self, deployment: str, account: StoredAccount) -> None:
        """Store an account; the caller holds the lock.

        Raises:
            ChatError: the file is damaged.
        """
        entries = {**self._read_entries(), deployment: asdict(account)}
        write_private(self._path, json.dumps(entries, indent=1), durable=True)

    def _read_entries(self) -> dict[str, dict[str, Any]]:
        if not self._path.exists():
            return {}
        entries = read_json_object(self._path)
        if entries is None:
            msg = (
                f"{self._path} is damaged; if you delete it, you are signed out, and an account "
                "that this client created is lost"
            )
            raise ChatError(msg)
        return entries
