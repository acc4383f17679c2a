"""The data of an installation with migrated, empty databases, made once in a run of pytest.

`python -m migrated_data DATA_DIR` makes it: a launch of PostgreSQL and the migrations alone. Stacks
start from copies, since initdb and the migrations take most of the time of a first start;
`tests/launcher/test_stack.py` starts one from nothing.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from todochat_local.data_dir import DataDir
from todochat_local.default_plan import build_plan
from todochat_local.engine_units import POSTGRES
from todochat_local.launcher import Launcher
from todochat_local.plan import LaunchPlan, UpOptions
from todochat_local.schema import SCHEMA

# Inherited by xdist's workers: a folder that is removed at the end of the run.
FOLDER_VARIABLE: Final = "TODOCHAT_TEST_MIGRATED_DATA"
START_TIMEOUT_S: Final = 90
# Copied stacks share its passwords, but have ports, a Valkey and signing keys of their own.
PARTS: Final = ("postgres", "secrets.json", "schema.json")


def pytest_configure(config: pytest.Config) -> None:
    """Create the folder for the run's workers."""
    if FOLDER_VARIABLE in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="todochat-migrated-"))
    folder.chmod(0o755)  # PostgreSQL's user must be able to access it
    os.environ[FOLDER_VARIABLE] = str(folder)
    config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(FOLDER_VARIABLE)))


def copy_migrated_data(data_dir: Path) -> None:
    """Give a new data directory migrated databases and the passwords for them.

    A no-op outside of pytest, and if PostgreSQL's user can't access temporary files.
    """
    if FOLDER_VARIABLE not in os.environ:
        return
    folder = Path(os.environ[FOLDER_VARIABLE])
    original = folder / "data"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not original.exists():
            draft = folder / "draft"
            subprocess.run(
                [sys.executable, "-m", __name__, str(draft)],
                check=True,
                env={"PATH": os.environ["PATH"], "TODOCHAT_SITE": "plain"},
                cwd=Path(__file__).parent,
                timeout=START_TIMEOUT_S,
            )
            draft.rename(original)
    if not (original / "postgres").exists():
        return
    DataDir(data_dir).prepare()
    # Keeps the owner: PostgreSQL's data may belong to another user.
    subprocess.run(["cp", "-a", *(str(original / part) for part in PARTS), data_dir], check=True)


def databases_only(options: UpOptions, data: DataDir) -> LaunchPlan:
    """Return the plan of a launch without services."""
    whole = build_plan(options, data)
    return replace(
        whole,
        units=[unit for unit in whole.units if unit.name == POSTGRES],
        steps=[step for step in whole.steps if step.name in {"postgres-data", SCHEMA}],
    )


def main(data_dir: str) -> int:
    """Launch the databases and stop them as soon as they are migrated; return the exit code."""
    launcher = Launcher(
        UpOptions(data_dir=Path(data_dir), port=0, environ=dict(os.environ)),
        databases_only,
        write=print,
        color=False,
        show_logs=False,
        on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    return launcher.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
