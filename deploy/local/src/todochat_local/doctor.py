"""`todochat doctor`: does this machine have what it takes, and if not, what to do."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from todochat.engines import postgres_install_dir, valkey_server_path
from todochat_local.engine_home import find_engine_home
from todochat_local.layout import DataDir, DataDirError
from todochat_local.lock import holder
from todochat_local.port import DEFAULT_EDGE_PORT, is_free
from todochat_local.service_units import caddy_binary, caddy_dir

PACKAGES: Final = (
    "todochat",
    "durable_chatkit",
    "offline_assistant",
    "auth_session",
    "tasks_service",
    "todo_agent",
    "chat_gateway",
)
COMMAND_TIMEOUT_S: Final = 20
MIN_FREE_BYTES: Final = 1024**3
MIN_OPEN_FILES: Final = 1024
MIN_PYTHON: Final = (3, 11)


@dataclass(frozen=True)
class Finding:
    """The result of one check; `hint` says what to do and is empty when all is well."""

    subject: str
    found: str
    hint: str = ""


def run_doctor(data: DataDir, environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Check everything and say it; return 1 if something stands in the way."""
    findings = list(_examine(data, environ))
    for finding in findings:
        mark = "bad " if finding.hint else "good"
        say(f"  {mark}  {finding.subject:<16} {finding.found}")
        if finding.hint:
            say(f"        {'':<16} -> {finding.hint}")
    bad = sum(1 for finding in findings if finding.hint)
    say(f"{bad} of {len(findings)} checks found something" if bad else "everything is in order")
    return 1 if bad else 0


def _examine(data: DataDir, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield _check_python()
    yield _check_packages()
    yield _check_program("PostgreSQL", lambda: postgres_install_dir() / "bin" / "postgres")
    yield _check_program("Valkey", valkey_server_path)
    yield _check_program("Caddy", caddy_binary, "version")
    yield _check_caddyfile()
    yield _check_data(data)
    yield _check_postgres_place(data)
    yield _check_disk(data)
    yield _check_open_files()
    yield _check_port(data)
    yield _check_model(environ)


def _check_python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    hint = "" if sys.version_info >= MIN_PYTHON else "Python 3.11 or newer is needed"
    return Finding("Python", found, hint)


def _check_packages() -> Finding:
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        return Finding("packages", f"missing: {', '.join(missing)}", "`make .venv` installs them")
    return Finding("packages", "all installed")


def _check_program(name: str, find: Callable[[], Path], argument: str = "--version") -> Finding:
    try:
        done = subprocess.run(  # noqa: S603 - our own binary
            [str(find()), argument],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, str(error), "is there a wheel for this platform? `make .venv` again")
    return Finding(name, done.stdout.split("\n")[0][:60])


def _check_caddyfile() -> Finding:
    path = caddy_dir() / "Caddyfile"
    return Finding("Caddyfile", str(path), "" if path.exists() else "the repository is incomplete")


def _check_data(data: DataDir) -> Finding:
    pid = holder(data) if data.exists() else None
    place = next(path for path in (data.path, *data.path.parents) if path.exists())
    if not os.access(place, os.W_OK):
        return Finding("data", f"can't write to {place}", "give another folder to --data-dir")
    if not data.exists():
        return Finding("data", f"none yet at {data.path}")
    return Finding("data", f"{data.path}, {f'process {pid} runs' if pid else 'stopped'}")


def _check_postgres_place(data: DataDir) -> Finding:
    try:
        home = find_engine_home(data)
    except (OSError, DataDirError) as error:
        return Finding("PostgreSQL data", str(error), "remove or repair that folder")
    who = home.user.name if home.user else "this user"
    return Finding("PostgreSQL data", f"{home.postgres}, runs as {who}")


def _check_disk(data: DataDir) -> Finding:
    place = next(path for path in (data.path, *data.path.parents) if path.exists())
    free = shutil.disk_usage(place).free
    hint = "" if free >= MIN_FREE_BYTES else "1 GiB should be free"
    return Finding("disk", f"{free / 1024**3:.1f} GiB free", hint)


def _check_open_files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= MIN_OPEN_FILES
    return Finding("open files", f"limit {hard}", "" if enough else "raise `ulimit -Hn` to 4096")


def _check_port(data: DataDir) -> Finding:
    if is_free(DEFAULT_EDGE_PORT) or (data.exists() and holder(data) is not None):
        return Finding("port", f"{DEFAULT_EDGE_PORT}")
    return Finding("port", f"{DEFAULT_EDGE_PORT} is taken, the next free one will be used")


def _check_model(environ: Mapping[str, str]) -> Finding:
    if environ.get("OPENAI_BASE_URL"):
        return Finding("model", "the server at OPENAI_BASE_URL")
    if environ.get("OPENAI_API_KEY"):
        return Finding("model", "OpenAI, by OPENAI_API_KEY")
    return Finding("model", "the offline assistant (neither OPENAI_API_KEY nor OPENAI_BASE_URL)")
