"""Chooses the folders of PostgreSQL's data and programs, which its user must be able to access.

PostgreSQL refuses to run as root. For root it runs as `nobody`, who can't access a home directory
with mode 0700. Instead of changing the mode of a user's folder, files that `nobody` can't access go
to /var/lib/todochat/<hash>.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from todochat.engines import EngineUser, engine_user, postgres_install_dir, run_as
from todochat_local.data_dir import MODE_TRAVERSE, DataDir, DataDirError

OUTSIDE: Final = Path("/var/lib/todochat")
OWNER_FILE: Final = "data-dir"  # names the data directory that a folder belongs to
CHECK_TIMEOUT_S: Final = 10
HASH_CHARS: Final = 16


@dataclass(frozen=True)
class EngineHome:
    """PostgreSQL's user and folders; `notes` say why one is outside the data directory."""

    user: EngineUser | None
    install_dir: Path
    postgres: Path
    notes: tuple[str, ...]


def find_engine_home(data: DataDir) -> EngineHome:
    """Choose PostgreSQL's user and folders, and create those outside the data directory.

    Raises:
        DataDirError: existing data belongs to another user, or can't be accessed.
    """
    install_dir = postgres_install_dir()
    user = postgres_user(data)
    if user is None:
        if data.postgres.exists() and data.postgres.stat().st_uid != os.geteuid():
            msg = f"{data.postgres} belongs to another user; was todochat started with sudo before?"
            raise DataDirError(msg)
        return EngineHome(None, install_dir, data.postgres, ())
    notes = []
    binary = install_dir / "bin" / "postgres"
    if not can_run([str(binary), "--version"], user):
        install_dir = copy_programs(install_dir)
        notes.append(
            f"PostgreSQL's programs are in {install_dir}: {binary} is inaccessible to {user.name}"
        )
    postgres, outside = data.postgres, outside_dir(data)
    can_access = can_run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(data.path)], user)
    if postgres.exists() and not can_access:
        msg = f"PostgreSQL runs as {user.name}, who can no longer access its data in {postgres}"
        raise DataDirError(msg)
    if (outside / "postgres").exists() or not can_access:
        _make_root()
        outside.mkdir(mode=MODE_TRAVERSE, exist_ok=True)
        outside.chmod(MODE_TRAVERSE)
        (outside / OWNER_FILE).write_text(f"{data.path.resolve()}\n")
        postgres = outside / "postgres"
        notes.append(
            f"PostgreSQL's data is in {postgres}: {data.path} is inaccessible to {user.name}"
        )
    return EngineHome(user, install_dir, postgres, tuple(notes))


def outside_dir(data: DataDir) -> Path:
    """Return the folder outside the data directory that `nobody` can access."""
    return OUTSIDE / _hash(str(data.path.resolve()))


def postgres_user(data: DataDir) -> EngineUser | None:
    """Return the user PostgreSQL runs as; for root, the owner of existing data or `nobody`."""
    default = engine_user()
    if default is None or not data.postgres.exists():
        return default
    owner = data.postgres.stat()
    if owner.st_uid in {0, default.uid}:
        return default
    return EngineUser(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)


def can_run(command: list[str], user: EngineUser) -> bool:
    """Return whether a command succeeds as a user; modes, access lists and mount options decide."""
    try:
        done = subprocess.run(  # noqa: S603 - our own binary
            command,
            cwd="/",
            capture_output=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
            **run_as(user),
        )
    except PermissionError:
        return False
    return done.returncode == 0


def copy_programs(install_dir: Path) -> Path:
    """Copy the programs and libraries of the server, once for each version of the wheel.

    The programs load libraries from a folder next to the package, so the copy has the same layout.
    """
    package, binary = install_dir.parent, (install_dir / "bin" / "postgres").stat()
    home = OUTSIDE / _hash(f"{install_dir}|{binary.st_size}|{binary.st_mtime_ns}")
    if not home.exists():
        _make_root()
        draft = home.with_name(f"{home.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                install_dir / part, draft / package.name / install_dir.name / part, symlinks=True
            )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        entries = (path for path in draft.rglob("*") if not path.is_symlink())
        for path in (draft, *entries):
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.is_dir() else 0))
        draft.rename(home)
    return home / package.name / install_dir.name


def _make_root() -> None:
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARS]
