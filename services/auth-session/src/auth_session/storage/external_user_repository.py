"""Queries of accounts of external issuers."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.external_user import ExternalUser
from auth_session.domain.user import User
from auth_session.storage.records import ErasedSidRecord, ErasureRecord, UserRecord


class ExternalUserRepository:
    """Accounts of external issuers, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def find_user(self, external: ExternalUser) -> User | None:
        """Return an issuer's user, locked against disabling and erasing until the end."""
        record = await self._transaction.scalar(
            select(UserRecord)
            .where(UserRecord.issuer == external.realm, UserRecord.subject == external.subject)
            .with_for_update(key_share=True)
        )
        return None if record is None else record.to_domain()

    async def add_user(self, external: ExternalUser, now: datetime) -> bool:
        """Add an account; False if another process just did, or another account has the id."""
        added = await self._transaction.scalar(
            insert(UserRecord)
            .values(
                id=external.user_id,
                issuer=external.realm,
                subject=external.subject,
                email=external.email.address if external.email else None,
                email_key=external.email.key if external.email else None,
                name=external.name,
                timezone=external.timezone,
                locale=external.locale,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing()
            .returning(UserRecord.id)
        )
        return added is not None

    async def set_email(self, user_id: str, external: ExternalUser, now: datetime) -> None:
        """Store the e-mail address that the issuer reports now."""
        await self._transaction.execute(
            update(UserRecord)
            .where(UserRecord.id == user_id)
            .values(
                email=external.email.address if external.email else None,
                email_key=external.email.key if external.email else None,
                updated_at=now,
            )
        )

    async def was_erased(self, sid: str) -> bool:
        """Return whether a session was deleted with an erased account."""
        found = await self._transaction.scalar(
            select(ErasedSidRecord.sid).where(ErasedSidRecord.sid == sid)
        )
        return found is not None

    async def is_being_erased(self, user_id: str) -> bool:
        """Return whether the erasure of an account with this id is unfinished in other services."""
        found = await self._transaction.scalar(
            select(ErasureRecord.user_id).where(ErasureRecord.user_id == user_id)
        )
        return found is not None
