"""PostgreSQL and Valkey as units of a launch."""

import signal
from collections.abc import Mapping
from typing import Final

from todochat.engines import SUPERUSER, postgres_command, postgres_environment, valkey_command
from todochat.private_files import write_private
from todochat_local.child import ChildSpec
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.engine_home import EngineHome
from todochat_local.plan import LaunchStep, TaskRunner, Unit
from todochat_local.port import LOOPBACK
from todochat_local.probe import PostgresProbe, ValkeyProbe
from todochat_local.python_process import python_command
from todochat_local.shell_command import shell_command

POSTGRES: Final = "postgres"
POSTGRES_DATA: Final = "postgres-data"
VALKEY: Final = "valkey"
ENGINE_WAVE: Final = 9
INIT_TIMEOUT_S: Final = 120.0
# Time for a checkpoint; if it takes longer, the next start runs recovery.
POSTGRES_GRACE_S: Final = 20.0
VALKEY_GRACE_S: Final = 10.0


def postgres_url(port: int, password: str, *, user: str = SUPERUSER, database: str = "") -> str:
    """Return a URL of the embedded PostgreSQL."""
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database or user}"


def valkey_url(port: int, password: str) -> str:
    """Return the URL of the embedded Valkey."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def postgres_data_step(data: DataDir, home: EngineHome, environ: Mapping[str, str]) -> LaunchStep:
    """Return the step that creates the cluster at the first start.

    Raises:
        DataDirError: a cluster exists, but its passwords are lost.
    """
    if home.postgres.exists() and not data.secrets.exists():
        msg = (
            f"{data.secrets} is missing; it has the passwords of the database in "
            f"{home.postgres}; restore it, or delete all data with `{shell_command('reset', data)}`"
        )
        raise DataDirError(msg)

    async def init(runner: TaskRunner) -> str:
        if home.postgres.exists():
            # A killed PostgreSQL left its PID file, and the PID may belong to another process by now.
            # No process of an earlier start is running: the launcher has waited for every guard.
            (home.postgres / "postmaster.pid").unlink(missing_ok=True)
            return ""
        spec = ChildSpec(
            name="postgres-init",
            command=python_command("todochat_local.init_cluster", str(data.path)),
            env=environ,
        )
        await runner.run_task(spec, INIT_TIMEOUT_S)
        return "new, empty databases"

    return LaunchStep(name=POSTGRES_DATA, action=init)


def postgres_unit(home: EngineHome, port: int) -> Unit:
    """Return the unit of PostgreSQL; SIGINT is its fast shutdown, which disconnects clients."""
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
    """Return the unit of Valkey; its password is in a private file, since command lines are public."""
    config = data.valkey / "valkey.conf"
    # A process title would overwrite the environment, which identifies a leftover process.
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
