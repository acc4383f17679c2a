"""Passwords and keys of this installation, made on its first start."""

import json
import secrets
from typing import Final

from todochat.private_files import read_json_object, write_private
from todochat_local.layout import DataDir, DataDirError
from todochat_local.spelling import typed

SECRET_BYTES: Final = 32
POSTGRES: Final = "postgres"
VALKEY: Final = "valkey"
SERVICES: Final = "services"
# Those of `todochat.database.bootstrap.role_names`, whose import would take 90 ms; a test compares.
ROLES: Final = tuple(
    f"{family}_{kind}" for family in ("auth", "tasks", "chat") for kind in ("owner", "app", "jobs")
)


class SecretStore:
    """The content of secrets.json, which only its owner may read."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @classmethod
    def load(cls, data: DataDir) -> "SecretStore":
        """Read the secrets, making those that are missing.

        Raises:
            DataDirError: the file can't be read.
        """
        values = _read(data)
        missing = [name for name in (POSTGRES, VALKEY, SERVICES, *ROLES) if name not in values]
        if missing:
            values |= {name: secrets.token_urlsafe(SECRET_BYTES) for name in missing}
            write_private(data.secrets, json.dumps(values, indent=1), durable=True)
        return cls(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]


def _read(data: DataDir) -> dict[str, str]:
    if not data.secrets.exists():
        return {}
    try:
        values = read_json_object(data.secrets)
    except OSError as error:
        msg = f"can't read {data.secrets}: {error.strerror}"
        raise DataDirError(msg) from error
    if values is None:
        anew = typed("reset", data)
        msg = f"{data.secrets} is damaged; put it back, or start anew with `{anew}`"
        raise DataDirError(msg)
    return values
