"""The state: stamps of a tea house's club, in the table `stamps` of the schema `club`."""

from typing import Final

from sqlalchemy import text

from todochat.database import Database

_ADD: Final = text("""
    INSERT INTO stamps (user_id, key) VALUES (:user_id, :key) ON CONFLICT DO NOTHING
""")
_COUNT: Final = text("SELECT count(*) FROM stamps")


class StampCards:
    """Reads and writes the stamps of one user; row-level security hides those of others."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add_stamp(self, user_id: str, key: str) -> int:
        """Add a stamp, unless one with this key exists; return the number of stamps."""
        async with self._db.transaction(user_id) as session:
            await session.execute(_ADD, {"user_id": user_id, "key": key})
            return int((await session.execute(_COUNT)).scalar_one())

    async def count_stamps(self, user_id: str) -> int:
        """Return the number of stamps."""
        async with self._db.transaction(user_id) as session:
            return int((await session.execute(_COUNT)).scalar_one())
