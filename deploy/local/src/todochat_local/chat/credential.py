"""Whom the client is, at which deployment: a file only its owner may read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from todochat_local.layout import write_private


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
    """The accounts in `credentials.json`, by deployment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, deployment: str) -> Account | None:
        """Return the account at a deployment."""
        entry = self._read().get(deployment)
        return Account(**entry) if entry else None

    def save(self, deployment: str, account: Account) -> None:
        """Keep an account; nobody else may read the file."""
        entries = {**self._read(), deployment: asdict(account)}
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, json.dumps(entries, indent=1))

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            entries: dict[str, dict[str, Any]] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return entries
