"""Queries of accounts that belong to external issuers."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.external_user import ExternalUser
from auth_session.domain.user import User
from auth_session.storage.erasure_record import ErasedSidRecord, ErasureRecord
from auth_session.storage.user_record import UserRecord


class ExternalUserRepository:
    """Accounts of external issuers, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, person: ExternalUser) -> User | None:
        """Return an issuer's user; it can't be disabled or erased until the transaction ends."""
        record = await self._session.scalar(
            select(UserRecord)
            .where(UserRecord.issuer == person.realm, UserRecord.subject == person.subject)
            .with_for_update(key_share=True)
        )
        return None if record is None else record.to_domain()

    async def add(self, person: ExternalUser, now: datetime) -> bool:
        """Make an account, unless another process just did or somebody else has the id."""
        added = await self._session.scalar(
            insert(UserRecord)
            .values(
                id=person.user_id,
                issuer=person.realm,
                subject=person.subject,
                email=person.email.address if person.email else None,
                email_key=person.email.key if person.email else None,
                name=person.name,
                timezone=person.timezone,
                locale=person.locale,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing()
            .returning(UserRecord.id)
        )
        return added is not None

    async def set_email(self, user_id: str, person: ExternalUser, now: datetime) -> None:
        """Store the e-mail address that the issuer says now."""
        await self._session.execute(
            update(UserRecord)
            .where(UserRecord.id == user_id)
            .values(
                email=person.email.address if person.email else None,
                email_key=person.email.key if person.email else None,
                updated_at=now,
            )
        )

    async def was_erased(self, sid: str) -> bool:
        """Tell whether a session went with an account that was erased."""
        found = await self._session.scalar(
            select(ErasedSidRecord.sid).where(ErasedSidRecord.sid == sid)
        )
        return found is not None

    async def is_being_erased(self, user_id: str) -> bool:
        """Tell whether an account with this id is still to be erased in other services."""
        found = await self._session.scalar(
            select(ErasureRecord.user_id).where(ErasureRecord.user_id == user_id)
        )
        return found is not None
