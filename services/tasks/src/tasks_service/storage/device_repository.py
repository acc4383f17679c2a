"""Queries on the devices that show a user's reminders."""

import datetime as dt
import hashlib

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.text import has_nul
from tasks_service.storage.records import DeviceRecord


class DeviceRepository:
    """The devices of one user, in one transaction bound to the user."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id
        self._mine = DeviceRecord.user_id == user_id

    async def list_all(self) -> list[DeviceRecord]:
        """Return the devices, the newest first."""
        found = select(DeviceRecord).where(self._mine)
        found = found.order_by(DeviceRecord.created_at.desc(), DeviceRecord.id.desc())
        return list(await self._session.scalars(found))

    async def find(self, device_id: str) -> DeviceRecord | None:
        """Return the device with this ID."""
        if has_nul(device_id):
            return None
        return await self._session.scalar(
            select(DeviceRecord).where(self._mine, DeviceRecord.id == device_id)
        )

    async def save(
        self,
        device_id: str,
        endpoint: str,
        public_key: str,
        auth_secret: str,
        name: str | None,
        now: dt.datetime,
    ) -> DeviceRecord:
        """Add a device, taking it from another user; a known one keeps its ID and gets new keys."""
        digest = hashlib.sha256(endpoint.encode()).digest()
        await self._session.execute(
            select(func.set_config("app.push_endpoint", digest.hex(), True))
        )
        # Without a condition on the user: the policy shows only the row with this digest.
        await self._session.execute(
            delete(DeviceRecord).where(
                DeviceRecord.endpoint_digest == digest, DeviceRecord.user_id != self._user_id
            )
        )
        keys = {"public_key": public_key, "auth_secret": auth_secret, "name": name}
        saved = (
            insert(DeviceRecord)
            .values(
                user_id=self._user_id,
                id=device_id,
                endpoint=endpoint,
                endpoint_digest=digest,
                created_at=now,
                **keys,
            )
            .on_conflict_do_update(index_elements=["endpoint_digest"], set_=keys)
            .returning(DeviceRecord)
        )
        options = {"populate_existing": True}  # a known device has been read
        return (await self._session.scalars(saved, execution_options=options)).one()

    async def delete(self, device_id: str) -> bool:
        """Delete a device; return whether there was one."""
        if has_nul(device_id):
            return False
        deleted = await self._session.execute(
            delete(DeviceRecord)
            .where(self._mine, DeviceRecord.id == device_id)
            .returning(DeviceRecord.id)
        )
        return deleted.first() is not None
