"""Passwords and keys of this installation, generated on its first start."""

import json
import secrets
from typing import Final

from todochat.private_files import read_json_object, write_private
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.shell_command import shell_command

SECRET_BYTES: Final = 32
POSTGRES: Final = "postgres"
VALKEY: Final = "valkey"
SERVICES: Final = "services"
# Equal to `todochat.database.bootstrap.role_names`, whose import takes 90 ms; a test compares them.
ROLES: Final = tuple(
    f"{family}_{kind}" for family in ("auth", "tasks", "chat") for kind in ("owner", "app", "jobs")
)


class SecretStore:
    """The content of secrets.json, which is readable by its owner only."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    @classmethod
    def load(cls, data: DataDir) -> "SecretStore":
        """Read the secrets and generate missing ones.

        Raises:
            DataDirError: the file is damaged or unreadable.
        """
        values: dict[str, str] | None = {}
        if data.secrets.exists():
            try:
                values = read_json_object(data.secrets)
            except OSError as error:
                msg = f"can't read {data.secrets}: {error.strerror}"
                raise DataDirError(msg) from error
        if values is None:
            reset = shell_command("reset", data)
            msg = f"{data.secrets} is damaged; restore it, or delete all data with `{reset}`"
            raise DataDirError(msg)
        missing = [name for name in (POSTGRES, VALKEY, SERVICES, *ROLES) if name not in values]
        if missing:
            values |= {name: secrets.token_urlsafe(SECRET_BYTES) for name in missing}
            write_private(data.secrets, json.dumps(values, indent=1), durable=True)
        return cls(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]
