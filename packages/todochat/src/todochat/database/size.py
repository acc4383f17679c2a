"""Gauge of a database's size on disk."""

from typing import Final

from sqlalchemy import text

from todochat.database.engine import Database
from todochat.telemetry.gauges import GaugeSource
from todochat.telemetry.metrics import DATABASE_BYTES

EVERY_S: Final = 60.0  # PostgreSQL stats each file

_SIZE: Final = text("SELECT pg_database_size(current_database())")


def database_size(database: Database, name: str) -> GaugeSource:
    """Return the gauge source of a database's size.

    Args:
        name: value of the label.
    """
    gauge = DATABASE_BYTES.labels(name)

    async def read() -> None:
        gauge.set((await database.execute(_SIZE)).scalar_one())

    return GaugeSource(name="database-size", read=read, gauges=[gauge], every_s=EVERY_S)
