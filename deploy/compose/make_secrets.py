"""Makes the secrets that compose.yaml mounts; `make secrets` runs it. Nothing is overwritten.

Only its owner may enter the folder. The files in it can be read by anybody who gets there:
compose mounts them as they are, and the services' user is another one than the operator.
"""
# ruff: noqa: INP001 - a program, no package

import os
import secrets
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

SECRET_BYTES: Final = 32
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o644
# File -> role and database of its URL; `python -m todochat.database` gives the roles these passwords.
DATABASE_URLS: Final = {
    "auth_migration_database_url": ("auth_owner", "auth"),
    "auth_database_url": ("auth_app", "auth"),
    "tasks_migration_database_url": ("tasks_owner", "tasks"),
    "tasks_database_url": ("tasks_app", "tasks"),
    "tasks_jobs_database_url": ("tasks_jobs", "tasks"),
    "chat_migration_database_url": ("chat_owner", "chat"),
    "chat_database_url": ("chat_app", "chat"),
    "chat_jobs_database_url": ("chat_jobs", "chat"),
}
PLAIN: Final = (
    "postgres_password",
    "valkey_password",
    "service_secret",
    "auth_key_secret",
    "grafana_password",
)
# Yours to fill; empty means that there is none.
EMPTY: Final = ("openai_api_key", "better_auth_secret", "external_issuers")


def make_secrets(folder: Path) -> list[str]:
    """Make what is missing and return the names of it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    wanted: dict[str, Callable[[], str]] = dict.fromkeys(PLAIN, _random)
    wanted |= dict.fromkeys(EMPTY, lambda: "")
    wanted["database_admin_url"] = lambda: _postgres_url(
        "postgres", "postgres", _read(folder, "postgres_password")
    )
    wanted["redis_url"] = lambda: f"redis://:{_read(folder, 'valkey_password')}@valkey:6379/0"
    wanted["valkey_conf"] = lambda: f"requirepass {_read(folder, 'valkey_password')}\n"
    for name, (role, database) in DATABASE_URLS.items():
        wanted[name] = partial(_new_role_url, role, database)
    return [name for name, make in wanted.items() if _write_new(folder / name, make)]


def _random() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _new_role_url(role: str, database: str) -> str:
    return _postgres_url(role, database, _random())


def _postgres_url(role: str, database: str, password: str) -> str:
    return f"postgresql://{role}:{password}@postgres:5432/{database}"


def _read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8").rstrip("\n")


def _write_new(path: Path, make: Callable[[], str]) -> bool:
    """Write a file that isn't there, whole or not at all."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(make(), encoding="utf-8")
    draft.chmod(FILE_MODE)
    try:
        os.link(draft, path)  # unlike a rename, this fails if somebody else was first
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("secrets")
    made = make_secrets(target)
    sys.stdout.write(f"secrets: {len(made)} made, in {os.path.relpath(target)}\n")
