"""Whom the client is, at which deployment: a file only its owner may read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from todochat_local.chat.error import ChatError
from todochat_local.layout import read_object, write_private
from todochat_local.lock import lock_within

LOCK_TIMEOUT_S: Final = 60.0  # another command holds it while it asks for new tokens


@dataclass
class Account:
    """An account at one deployment.

    Args:
        password: only of an account that this client made; a person's own is never stored.
        refresh_token: what keeps a person's own account signed in.
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

    Several commands may use it at once. A refresh token is good for one use, so whoever trades
    one in reads it, and writes the next one, under the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from reading what is about to change.

        Raises:
            ChatError: one of them doesn't let go of it.
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

    def load(self, deployment: str) -> Account | None:
        """Return the account at a deployment."""
        entry = self._read().get(deployment)
        return Account(**entry) if entry else None

    def save(self, deployment: str, account: Account) -> None:
        """Keep an account, under the lock; nobody else may read the file."""
        entries = {**self._read(), deployment: asdict(account)}
        write_private(self._path, json.dumps(entries, indent=1), durable=True)

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._path.exists():
            return {}
        entries = read_object(self._path)
        if entries is None:
            msg = f"{self._path} is damaged; without it you are signed out, or get a new account"
            raise ChatError(msg)
        return entries
