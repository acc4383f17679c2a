"""The data directory: its paths and their modes."""

import os
from pathlib import Path
from typing import Final

DEFAULT_DATA_DIR: Final = ".todochat"
DATA_DIR_VARIABLE: Final = "TODOCHAT_DATA_DIR"
# As root, PostgreSQL runs as `nobody`, who needs to traverse the directory, but not to list it.
MODE_PRIVATE: Final = 0o700
MODE_TRAVERSE: Final = 0o711


class DataDirError(Exception):
    """The data directory can't be used; the message has the reason and a remedy."""


class DataDir:
    """Paths inside one data directory.

    secrets.json, state.json, ports.json and all files under run/ and logs/ are readable by their
    owner only.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path.absolute()
        self.lock: Final = self.path / "lock"
        self.children_lock: Final = self.path / "children.lock"
        self.secrets: Final = self.path / "secrets.json"
        self.ports: Final = self.path / "ports.json"
        self.state: Final = self.path / "state.json"
        self.schema: Final = self.path / "schema.json"
        self.logs: Final = self.path / "logs"
        self.run: Final = self.path / "run"
        self.postgres: Final = self.path / "postgres"
        self.valkey: Final = self.path / "valkey"
        self.caddy: Final = self.path / "caddy"
        self.admin_environment: Final = self.run / "admin-environment.json"

    def log_path(self, name: str) -> Path:
        """Return the log file of one process."""
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Create missing folders.

        Raises:
            DataDirError: the directory can't be created, belongs to another user, or holds other
                files.
        """
        try:
            if self.path.exists() and not self.exists() and any(self.path.iterdir()):
                msg = (
                    f"{self.path} holds files that are not todochat's; "
                    "pass an empty or new folder to --data-dir"
                )
                raise DataDirError(msg)
            mode = MODE_TRAVERSE if os.geteuid() == 0 else MODE_PRIVATE
            self.path.mkdir(mode=mode, parents=True, exist_ok=True)
            self.path.chmod(mode)
            for folder in (self.logs, self.run, self.valkey, self.caddy):
                folder.mkdir(mode=MODE_PRIVATE, exist_ok=True)
            self.lock.touch(mode=0o600)
        except OSError as error:
            msg = f"can't use {self.path}: {error.strerror or error}"
            raise DataDirError(msg) from error

    def exists(self) -> bool:
        """Return whether this is a data directory of todochat."""
        return self.lock.exists()
