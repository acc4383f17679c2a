"""Creates the secrets that compose.yaml mounts; `make secrets` runs it. Nothing is overwritten.

Only the owner can enter the folder. The files in it are readable by everyone, because compose
mounts them unchanged and the services run as another user than the operator.

For an installation with a `service_secret`, which all services used to share, the new keys are
derived from it, so that services with that secret and services with these keys accept each other's
tokens.
`--kubernetes` reads a Secret as JSON and writes a patch that adds the same keys to it.
"""
# ruff: noqa: INP001 - a program, not a package

import base64
import hashlib
import hmac
import json
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
    "auth_key_secret",
    "grafana_password",
)
# File -> caller and target of the calls signed with it, as in todochat.identity.service_tokens.
ARROWS: Final = {
    "service_secret_gateway_to_agent": ("chat-gateway", "todo-agent"),
    "service_secret_agent_to_tasks": ("todo-agent", "tasks"),
    "service_secret_auth_to_agent": ("auth-session", "todo-agent"),
    "service_secret_auth_to_tasks": ("auth-session", "tasks"),
    "service_secret_tasks_to_auth": ("tasks", "auth-session"),
    "service_secret_gateway_to_auth": ("chat-gateway", "auth-session"),
}
SHARED: Final = "service_secret"
LOG_USER_KEY: Final = "log_user_key"
# Filled in by the operator; empty means none.
EMPTY: Final = ("openai_api_key", "better_auth_secret", "external_issuers", "smtp_url")


def make_secrets(folder: Path) -> list[str]:
    """Create the missing secrets and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    wanted: dict[str, Callable[[], str]] = dict.fromkeys(PLAIN, _random)
    wanted |= dict.fromkeys(EMPTY, lambda: "")
    shared = _read(folder, SHARED) if (folder / SHARED).exists() else ""
    for name in (*ARROWS, LOG_USER_KEY):
        wanted[name] = partial(_derive, name, shared) if shared else _random
    wanted["database_admin_url"] = lambda: _postgres_url(
        "postgres", "postgres", _read(folder, "postgres_password")
    )
    wanted["redis_url"] = lambda: f"redis://:{_read(folder, 'valkey_password')}@valkey:6379/0"
    wanted["valkey_conf"] = lambda: f"requirepass {_read(folder, 'valkey_password')}\n"
    for name, (role, database) in DATABASE_URLS.items():
        wanted[name] = partial(_new_role_url, role, database)
    return [name for name, make in wanted.items() if _write_new(folder / name, make)]


def patch_secret(secret: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return a patch with the keys missing in a Secret with TODOCHAT_SERVICE_SECRET."""
    data = secret["data"]
    shared = base64.b64decode(data["TODOCHAT_SERVICE_SECRET"]).decode()
    wanted = {name: _derive(name, shared) for name in (*ARROWS, LOG_USER_KEY)}
    wanted = {_variable(name): value for name, value in wanted.items()}
    # auth-session encrypts its signing keys with the shared secret if this is not set.
    wanted["AUTH_SESSION_KEY_SECRET"] = shared
    return {"stringData": {name: value for name, value in wanted.items() if name not in data}}


def _variable(name: str) -> str:
    return f"TODOCHAT_{name}".upper() if name in ARROWS else name.upper()


def _derive(name: str, shared: str) -> str:
    """Return the keys that services derive from each value of the shared secret."""
    values = [value.strip() for value in shared.split(",") if value.strip()]
    if name == LOG_USER_KEY:
        keys = [hashlib.sha256(b"todochat log users:" + values[0].encode()).digest()]
    else:
        info = "todochat service token {} -> {}".format(*ARROWS[name]).encode()
        keys = [_hkdf(value.encode(), info) for value in values]
    return ",".join(f"base64:{base64.urlsafe_b64encode(key).decode().rstrip('=')}" for key in keys)


def _hkdf(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) without a salt, one block long."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def _random() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _new_role_url(role: str, database: str) -> str:
    return _postgres_url(role, database, _random())


def _postgres_url(role: str, database: str, password: str) -> str:
    return f"postgresql://{role}:{password}@postgres:5432/{database}"


def _read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8").rstrip("\n")


def _write_new(path: Path, make: Callable[[], str]) -> bool:
    """Write a file atomically unless it exists; return whether it was written."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(make(), encoding="utf-8")
    draft.chmod(FILE_MODE)
    try:
        os.link(draft, path)  # unlike a rename, fails if the file exists
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


if __name__ == "__main__":
    if sys.argv[1:] == ["--kubernetes"]:
        json.dump(patch_secret(json.load(sys.stdin)), sys.stdout)
        sys.exit()
    target = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("secrets")
    made = make_secrets(target)
    sys.stdout.write(f"secrets: {len(made)} created in {os.path.relpath(target)}\n")
