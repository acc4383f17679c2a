"""PostgreSQL and Valkey as units of the launch."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from todochat.engines import SUPERUSER, postgres_command, postgres_environment, valkey_command
from todochat.private_files import write_private
from todochat_local.child import ChildSpec
from todochat_local.engine_home import EngineHome
from todochat_local.layout import DataDir, DataDirError
from todochat_local.plan import Step, TaskRunner, Unit
from todochat_local.port import LOOPBACK
from todochat_local.probe import PostgresProbe, ValkeyProbe
from todochat_local.python_process import python_command
from todochat_local.spelling import typed

POSTGRES: Final = "postgres"
POSTGRES_DATA: Final = "postgres-data"
VALKEY: Final = "valkey"
ENGINE_WAVE: Final = 9
INIT_TIMEOUT_S: Final = 120.0
# A checkpoint of what is in memory; more than the grace only means recovery at the next start.
POSTGRES_GRACE_S: Final = 20.0
VALKEY_GRACE_S: Final = 10.0


def postgres_url(port: int, password: str, *, user: str = SUPERUSER, database: str = "") -> str:
    """Return a URL of the embedded PostgreSQL."""
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database or user}"


def valkey_url(port: int, password: str) -> str:
    """Return the URL of the embedded Valkey."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def postgres_data_step(data: DataDir, home: EngineHome, environ: Mapping[str, str]) -> Step:
    """Return the step that makes the cluster at the first start.

    Raises:
        DataDirError: there is a cluster whose passwords are lost.
    """
    if home.postgres.exists() and not data.secrets.exists():
        msg = (
            f"{data.secrets} is gone, and with it the passwords of the database in "
            f"{home.postgres}; put it back, or start anew with `{typed('reset', data)}`"
        )
        raise DataDirError(msg)
    return Step(name=POSTGRES_DATA, action=_init_action(data, home, environ))


def _init_action(
    data: DataDir, home: EngineHome, environ: Mapping[str, str]
) -> Callable[[TaskRunner], Awaitable[str]]:
    async def init(runner: TaskRunner) -> str:
        if home.postgres.exists():
            _remove_stale_pid_file(home.postgres)
            return ""
        spec = ChildSpec(
            name="postgres-init",
            command=python_command("todochat_local.init_cluster", str(data.path)),
            env=environ,
        )
        await runner.run_task(spec, INIT_TIMEOUT_S)
        return "new, empty databases"

    return init


def postgres_unit(home: EngineHome, port: int) -> Unit:
    """Return PostgreSQL; SIGINT is its fast shutdown, which doesn't wait for clients."""
    return Unit(
        spec=ChildSpec(
            name=POSTGRES,
            command=postgres_command(home.postgres, port, install_dir=home.install_dir),
            env=postgres_environment(),
            uid=home.user.uid if home.user else -1,
            gid=home.user.gid if home.user else -1,
            stop_signal=signal.SIGINT,
            grace_s=POSTGRES_GRACE_S,
        ),
        probe=PostgresProbe(port),
        needs=(POSTGRES_DATA,),
        stop_wave=ENGINE_WAVE,
    )


def valkey_unit(data: DataDir, port: int, password: str) -> Unit:
    """Return Valkey; the password is in a private file, other users can read command lines."""
    config = data.valkey / "valkey.conf"
    # A process title would overwrite the environment by which a leftover is recognised.
    write_private(config, f"requirepass {password}\nset-proc-title no\n")
    binary, *options = valkey_command(data.valkey, port, "")
    return Unit(
        spec=ChildSpec(
            name=VALKEY,
            command=[binary, str(config), *options],
            env=postgres_environment(),
            cwd=data.valkey,
            grace_s=VALKEY_GRACE_S,
        ),
        probe=ValkeyProbe(port, password),
        stop_wave=ENGINE_WAVE,
    )


def _remove_stale_pid_file(cluster: Path) -> None:
    """Drop what a PostgreSQL that was killed left: its pid may be another process's by now.

    Nothing of an earlier start runs any more: the launcher has waited for every guard.
    """
    (cluster / "postmaster.pid").unlink(missing_ok=True)
