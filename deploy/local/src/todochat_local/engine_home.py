"""Where PostgreSQL's data and programs lie, so that the user it runs as can reach them.

PostgreSQL refuses to run as root, so root's runs as `nobody`, who can't look into a home with
mode 0700. Opening somebody's folders is no answer: what `nobody` can't reach goes to
/var/lib/todochat/<hash> instead.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from todochat.engines import EngineUser, engine_user, postgres_install_dir, run_as
from todochat_local.layout import MODE_WALK_THROUGH, DataDir, DataDirError

OUTSIDE: Final = Path("/var/lib/todochat")
OWNER_FILE: Final = "data-dir"  # says which data directory a folder there belongs to
CHECK_TIMEOUT_S: Final = 10
HASH_CHARS: Final = 16


@dataclass(frozen=True)
class EngineHome:
    """Where this stack's PostgreSQL is, and why it is elsewhere if it is."""

    user: EngineUser | None
    install_dir: Path
    postgres: Path
    notes: tuple[str, ...]


def find_engine_home(data: DataDir) -> EngineHome:
    """Choose the places for PostgreSQL, creating them where they are outside.

    Raises:
        DataDirError: existing data belongs to somebody else, or can't be reached.
    """
    install_dir = postgres_install_dir()
    user = _user_of(data)
    if user is None:
        _refuse_foreign(data)
        return EngineHome(None, install_dir, data.postgres, ())
    notes = []
    binary = install_dir / "bin" / "postgres"
    if not _can([str(binary), "--version"], user):
        install_dir = _copy_programs(install_dir)
        notes.append(
            f"PostgreSQL's programs are in {install_dir}: {user.name} can't reach {binary}"
        )
    postgres, outside = data.postgres, outside_dir(data)
    reaches = _can(["/bin/sh", "-c", 'test -x "$1"', "sh", str(data.path)], user)
    if postgres.exists() and not reaches:
        msg = f"{user.name}, who PostgreSQL runs as, can no longer reach its data in {postgres}"
        raise DataDirError(msg)
    if (outside / "postgres").exists() or not reaches:
        postgres = _make_outside(outside, data) / "postgres"
        notes.append(f"PostgreSQL's data is in {postgres}: {user.name} can't reach {data.path}")
    return EngineHome(user, install_dir, postgres, tuple(notes))


def outside_dir(data: DataDir) -> Path:
    """Return the folder outside the data directory that `nobody` can reach."""
    return OUTSIDE / _hash(str(data.path.resolve()))


def _user_of(data: DataDir) -> EngineUser | None:
    """Return whom to run as: root runs an ordinary user's existing data as that user."""
    nobody = engine_user()
    if nobody is None or not data.postgres.exists():
        return nobody
    owner = data.postgres.stat()
    if owner.st_uid in {0, nobody.uid}:
        return nobody
    return EngineUser(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)


def _refuse_foreign(data: DataDir) -> None:
    if data.postgres.exists() and data.postgres.stat().st_uid != os.geteuid():
        msg = f"{data.postgres} belongs to another user; was todochat started with sudo before?"
        raise DataDirError(msg)


def _can(command: list[str], user: EngineUser) -> bool:
    """Try it: modes, access lists and mount options all have their say."""
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


def _copy_programs(install_dir: Path) -> Path:
    """Copy what a server needs, once for each version of the wheel.

    The programs find their libraries in a folder beside the package, so the copy has its layout.
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
        for path in _walk(draft):
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.is_dir() else 0))
        draft.rename(home)
    return home / package.name / install_dir.name


def _walk(root: Path) -> Iterator[Path]:
    yield root
    yield from (path for path in root.rglob("*") if not path.is_symlink())


def _make_outside(folder: Path, data: DataDir) -> Path:
    _make_root()
    folder.mkdir(mode=MODE_WALK_THROUGH, exist_ok=True)
    folder.chmod(MODE_WALK_THROUGH)
    (folder / OWNER_FILE).write_text(f"{data.path.resolve()}\n")
    return folder


def _make_root() -> None:
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARS]
