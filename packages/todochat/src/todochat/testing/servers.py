"""Real PostgreSQL and Valkey for tests, from the wheels or from TEST_*_URL."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import asyncpg
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from todochat.database.bootstrap import KINDS, DatabaseUrls, bootstrap, role_names
from todochat.engines import (
    SUPERUSER,
    engine_user,
    init_postgres,
    postgres_command,
    postgres_environment,
    run_as,
    valkey_command,
)
from todochat.testing.waiting import free_port, wait_until

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 10.0
# Tests connect thousands of times, and key stretching of a random password is useless here.
SCRAM_ITERATIONS: Final = 1
SLOTS: Final = 16384
NODE_TIMEOUT_MS: Final = 2_000  # a node without a response for this long counts as down


class PostgresServer:
    """A PostgreSQL server that lives as long as the test session."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._passwords = {role: secrets.token_hex(8) for role in role_names()}
        self._bootstrapped = False

    async def create_database(self, family: str) -> DatabaseUrls:
        """Create an empty database of a family (`auth`, `tasks`, `chat`) with its three roles."""
        name = f"{family}_{secrets.token_hex(6)}"
        passwords = {} if self._bootstrapped else self._passwords
        await bootstrap(self.admin_url, passwords, databases={name: family})
        self._bootstrapped = True
        base = make_url(self.admin_url).set(database=name)
        owner, app, jobs = (
            base.set(
                username=f"{family}_{kind}", password=self._passwords[f"{family}_{kind}"]
            ).render_as_string(hide_password=False)
            for kind in KINDS
        )
        return DatabaseUrls(owner, app, jobs)

    async def drop_database(self, urls: DatabaseUrls) -> None:
        """Drop a database, even with open connections."""
        name = make_url(urls.owner).database
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()


class EngineProcess:
    """A server process of a test session, in its own directory."""

    def __init__(self, name: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"todochat-test-{name}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self, command: list[str], **options: object) -> None:
        """Start the process and wait until its port answers.

        Raises:
            RuntimeError: it ended, or didn't respond within 30 s; has its log.
        """
        log_path = self.directory / "log"
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own binaries
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **options,  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        msg = f"{command[0]} did not start:\n{log_path.read_text()[-2000:]}"
        raise RuntimeError(msg)

    def stop(self) -> None:
        """End the process and remove its directory."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_TIMEOUT_S)
        shutil.rmtree(self.directory, ignore_errors=True)


class PostgresProcess(EngineProcess):
    """PostgreSQL from the wheel, with durability off."""

    def __init__(self) -> None:
        super().__init__("postgres")
        self._user = engine_user()
        self._password = secrets.token_hex(16)
        self._data_dir = self.directory / "data"
        self._data_dir.mkdir(mode=0o700)
        if self._user is not None:
            self.directory.chmod(0o711)
            os.chown(self._data_dir, self._user.uid, self._user.gid)
        init_postgres(self._data_dir, self._password, self._user)

    @property
    def admin_url(self) -> str:
        """The superuser's URL."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, or restart it on the same data, and wait until it accepts connections."""
        command = postgres_command(self._data_dir, self.port, durable=False)
        command += ["-c", f"scram_iterations={SCRAM_ITERATIONS}"]
        self.spawn(command, env=postgres_environment(), cwd="/", **run_as(self._user))
        asyncio.run(_wait_for_postgres(self.admin_url))

    def halt(self) -> None:
        """Cut its connections and stop it, for a later restart."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_TIMEOUT_S)


class ValkeyProcess(EngineProcess):
    """Valkey from the wheel."""

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__("valkey")
        self._durable = durable

    @property
    def url(self) -> str:
        """Its URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, or restart it on the same data."""
        self.spawn(valkey_command(self.directory, self.port, "", durable=self._durable))


class ClusterNodeProcess(EngineProcess):
    """A node of a cluster, from the wheel."""

    def __init__(self) -> None:
        super().__init__("cluster")
        # The default is 10,000 above the other one, which may exceed the highest port.
        self.cluster_port = free_port()

    def start(self) -> None:
        """Start it, or restart it as the same node."""
        command = valkey_command(self.directory, self.port, "", durable=True)
        own = ["--cluster-enabled", "yes", "--cluster-port", str(self.cluster_port)]
        self.spawn([*command, *own, "--cluster-node-timeout", str(NODE_TIMEOUT_MS)])

    async def run(self, *words: str | int) -> Any:
        """Run a command on this very node."""
        client = Redis(port=self.port, decode_responses=True)
        try:
            execute: Any = client.execute_command  # redis-py has no types for it
            return await execute(*words)
        finally:
            await client.aclose()


class ValkeyCluster:
    """A Valkey Cluster of primaries without replicas, with evenly distributed slots."""

    def __init__(self, nodes: int = 3) -> None:
        self.nodes = [ClusterNodeProcess() for _ in range(nodes)]

    @property
    def url(self) -> str:
        """Its URL, which names one node that knows the others."""
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def start(self) -> None:
        """Start the nodes and wait until each knows and reaches the nodes of all slots."""
        for node in self.nodes:
            node.start()
        asyncio.run(self._join())

    def stop(self) -> None:
        """End the nodes and remove their directories."""
        for node in self.nodes:
            node.stop()

    async def add_replica(self, primary: ClusterNodeProcess) -> ClusterNodeProcess:
        """Start a replica of a node and wait until it is in sync."""
        replica = ClusterNodeProcess()
        self.nodes.append(replica)
        replica.start()
        await replica.run("CLUSTER", "MEET", "127.0.0.1", primary.port, primary.cluster_port)
        name = await primary.run("CLUSTER", "MYID")

        async def knows_it() -> bool:
            return name in await replica.run("CLUSTER", "NODES")

        async def is_in_step() -> bool:
            replication: dict[str, object] = await replica.run("INFO", "replication")
            return replication.get("master_link_status") == "up"

        await wait_until(knows_it, START_TIMEOUT_S)
        await replica.run("CLUSTER", "REPLICATE", name)
        await wait_until(is_in_step, START_TIMEOUT_S)
        return replica

    async def _join(self) -> None:
        first, count = self.nodes[0], len(self.nodes)
        edges = [SLOTS * number // count for number in range(count + 1)]
        for number, node in enumerate(self.nodes):
            await node.run("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            await node.run("CLUSTER", "ADDSLOTSRANGE", edges[number], edges[number + 1] - 1)
            await node.run("CLUSTER", "MEET", "127.0.0.1", first.port, first.cluster_port)

        async def is_joined() -> bool:
            infos = [await node.run("CLUSTER", "INFO") for node in self.nodes]
            links = [await node.run("CLUSTER", "LINKS") for node in self.nodes]
            # Messages to subscribers at another node are lost until the link to it is set up.
            return all(
                "cluster_state:ok" in info and f"cluster_known_nodes:{count}\r" in info
                for info in infos
            ) and all(len(of_one) == 2 * (count - 1) for of_one in links)

        await wait_until(is_joined, START_TIMEOUT_S)


async def _wait_for_postgres(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=2)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            await connection.close()
            return
