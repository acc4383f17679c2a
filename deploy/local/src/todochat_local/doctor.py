"""`todochat doctor`: checks whether this machine can run the stack, with a remedy for each problem."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from todochat.engines import postgres_install_dir, valkey_server_path
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.engine_home import find_engine_home
from todochat_local.finding import Finding
from todochat_local.lock import launcher_pid
from todochat_local.origin_doctor import examine_origins
from todochat_local.port import DEFAULT_EDGE_PORT, is_free
from todochat_local.python_process import (
    FACTORY_VARIABLE,
    inherited_environment,
    python_command,
)
from todochat_local.service_units import caddy_binary, caddy_dir

PACKAGES: Final = (
    "todochat",
    "durable_chatkit",
    "model_client",
    "offline_assistant",
    "task_phrases",
    "task_tools",
    "auth_session",
    "tasks_service",
    "todo_agent",
    "chat_gateway",
)
COMMAND_TIMEOUT_S: Final = 20
AGENT_TIMEOUT_S: Final = 60  # a slow machine imports for seconds, and loads a local model
MIN_FREE_BYTES: Final = 1024**3
MIN_OPEN_FILES: Final = 1024
MIN_PYTHON: Final = (3, 11)
# Required settings of todo-agent that loading the entry point doesn't use.
UNUSED_SETTINGS: Final = {
    "REDIS_URL": "redis://unused",
    "CHAT_DATABASE_URL": "postgresql://unused",
    "CHAT_JOBS_DATABASE_URL": "postgresql://unused",
    "TODOCHAT_SERVICE_SECRET": "unused" * 6,
}


def run_doctor(
    data: DataDir,
    environ: Mapping[str, str],
    write: Callable[[str], None],
    *,
    origin: str | None = None,
    url: str | None = None,
) -> int:
    """Run and print all checks; return 1 if one failed.

    Args:
        origin: a page's origin to check, too, at the deployment `url` or the local stack.
    """
    findings = [
        *examine_installation(),
        *examine_data(data),
        *examine_limits(data),
        examine_model(environ),
        *examine_entry_point(environ),
        *examine_origins(data, origin, url),
    ]
    for finding in findings:
        mark = "bad " if finding.hint else "good"
        write(f"  {mark}  {finding.subject:<16} {finding.found}")
        if finding.hint:
            write(f"        {'':<16} -> {finding.hint}")
    failed = sum(1 for finding in findings if finding.hint)
    write(f"{failed} of {len(findings)} checks failed" if failed else "all checks passed")
    return 1 if failed else 0


def examine_installation() -> Iterator[Finding]:
    """Check Python, our packages and the programs from wheels."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    is_old = sys.version_info < MIN_PYTHON
    yield Finding("Python", python, "install Python 3.11 or newer" if is_old else "")
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        yield Finding("packages", f"missing: {', '.join(missing)}", "`make .venv` installs them")
    else:
        yield Finding("packages", "all installed")
    yield check_program("PostgreSQL", lambda: postgres_install_dir() / "bin" / "postgres")
    yield check_program("Valkey", valkey_server_path)
    yield check_program("Caddy", caddy_binary, "version")
    caddyfile = caddy_dir() / "Caddyfile"
    hint = "" if caddyfile.exists() else "the repository is incomplete"
    yield Finding("Caddyfile", str(caddyfile), hint)


def check_program(name: str, find: Callable[[], Path], argument: str = "--version") -> Finding:
    """Run a program to print its version."""
    try:
        done = subprocess.run(  # noqa: S603 - our own binary
            [str(find()), argument],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        hint = "run `make .venv` again; the wheel may not support this platform"
        return Finding(name, str(error), hint)
    return Finding(name, done.stdout.split("\n")[0][:60])


def examine_data(data: DataDir) -> Iterator[Finding]:
    """Check the data directory, PostgreSQL's folder and the free space."""
    existing = next(path for path in (data.path, *data.path.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        hint = "pass another folder to --data-dir"
        yield Finding("data", f"can't write to {existing}", hint)
    elif not data.exists():
        yield Finding("data", f"none yet at {data.path}")
    else:
        pid = launcher_pid(data)
        yield Finding("data", f"{data.path}, {f'running (process {pid})' if pid else 'stopped'}")
    try:
        home = find_engine_home(data)
    except (OSError, DataDirError) as error:
        yield Finding("PostgreSQL data", str(error), "remove or repair that folder")
    else:
        user = home.user.name if home.user else "this user"
        yield Finding("PostgreSQL data", f"{home.postgres}, runs as {user}")
    free = shutil.disk_usage(existing).free
    hint = "" if free >= MIN_FREE_BYTES else "free at least 1 GiB"
    yield Finding("disk", f"{free / 1024**3:.1f} GiB free", hint)


def examine_limits(data: DataDir) -> Iterator[Finding]:
    """Check the limit of open files and the default port."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_enough = hard == resource.RLIM_INFINITY or hard >= MIN_OPEN_FILES
    hint = "" if is_enough else "raise `ulimit -Hn` to 4096"
    yield Finding("open files", f"limit {hard}", hint)
    if is_free(DEFAULT_EDGE_PORT) or (data.exists() and launcher_pid(data) is not None):
        yield Finding("port", f"{DEFAULT_EDGE_PORT}")
    else:
        yield Finding("port", f"{DEFAULT_EDGE_PORT} is in use; `up` will use the next free port")


def examine_model(environ: Mapping[str, str]) -> Finding:
    """Ask the configured model server, if there is one, for an answer with a tool."""
    if not (environ.get("OPENAI_BASE_URL") or environ.get("OPENAI_API_KEY")):
        unset = "neither OPENAI_API_KEY nor OPENAI_BASE_URL is set"
        return Finding("model", f"the offline assistant ({unset})")
    return run_agent("model", "check-model", environ, "see docs/models.md")


def examine_entry_point(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Load the adopter's entry point, if there is one, as a worker does."""
    if environ.get(FACTORY_VARIABLE):
        hint = "see docs/agent-runtime.md#entry-points"
        yield run_agent("entry point", "entry-point", environ, hint)


def run_agent(subject: str, command: str, environ: Mapping[str, str], hint: str) -> Finding:
    """Run a command of the agent service that prints one line.

    Args:
        hint: where to read on if it fails.
    """
    given = inherited_environment(environ, model=True)
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            python_command("todo_agent", command, imports_from_cwd=True),
            env={**UNUSED_SETTINGS, **given},
            capture_output=True,
            text=True,
            timeout=AGENT_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(subject, f"no result within {AGENT_TIMEOUT_S} s", hint)
    line = (done.stdout if done.returncode == 0 else done.stderr).strip().rpartition("\n")[2]
    return Finding(subject, line, hint if done.returncode else "")
