"""PostgreSQL's own log of statements, as transactions of the processes that made them."""

import re

import asyncpg

from todochat.testing.servers import PostgresProcess

# The prefix has the application's name and the connection's process ID. Statements of several lines
# continue after a tab.
LINE = re.compile(
    r"^@(?P<name>[^|]*)\|(?P<pid>\d+)\|LOG:  (?:statement|execute [^:]*): (?P<sql>.*(?:\n\t.*)*)",
    re.MULTILINE,
)
SETTINGS = {"log_statement": "all", "log_line_prefix": "@%a|%p|"}


class StatementLog:
    """The statements that a server has executed since `start`, complete as soon as they are answered."""

    def __init__(self, server: PostgresProcess) -> None:
        self._admin_url = server.admin_url
        self._path = server.directory / "log"
        self._start = 0

    async def start(self) -> None:
        """Log every statement of connections opened from now on."""
        connection = await asyncpg.connect(self._admin_url)
        try:
            for name, value in SETTINGS.items():
                await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    def forget(self) -> None:
        """Leave out everything so far."""
        self._start = self._path.stat().st_size

    def transactions(self, application: str) -> list[list[str]]:
        """Return the transactions of connections with this prefix of a name, by their first statement.

        Each statement is one round trip. Empty transactions are left out: the pool checks connections
        that were idle for a second.
        """
        with self._path.open("rb") as log:
            log.seek(self._start)
            text = log.read().decode()
        found: list[list[str]] = []
        unclosed: dict[str, list[str]] = {}
        for line in LINE.finditer(text):
            if not line["name"].startswith(application):
                continue
            sql = " ".join(line["sql"].split())
            transaction = unclosed.get(line["pid"])
            if transaction is None:
                transaction = []
                found.append(transaction)
            transaction.append(sql)
            if sql.startswith("BEGIN"):
                unclosed[line["pid"]] = transaction
            elif sql.startswith(("COMMIT", "ROLLBACK")):
                unclosed.pop(line["pid"], None)
        return [transaction for transaction in found if transaction[1:] != ["ROLLBACK;"]]
