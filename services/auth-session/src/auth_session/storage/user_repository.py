"""Queries of accounts."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.user import LOCAL_ISSUER, User
from auth_session.errors import EmailTakenError
from auth_session.storage.user_record import InvitationRecord, PasswordRecord, UserRecord


class UserRepository:
    """Accounts, their passwords and invitations, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_local(self, user: User, *, email_key: str, password_hash: str) -> None:
        """Store a new local account with its password.

        Raises:
            EmailTakenError: there is a local account with this e-mail address.
        """
        added = await self._session.scalar(
            insert_or(UserRecord)
            .values(
                id=user.id,
                issuer=user.issuer,
                subject=user.subject,
                email=user.email,
                email_key=email_key,
                name=user.name,
                timezone=user.timezone,
                locale=user.locale,
                created_at=user.created_at,
                updated_at=user.created_at,
            )
            .on_conflict_do_nothing(
                index_elements=["email_key"],
                # Written into the statement: once PostgreSQL plans it for any parameter (after
                # five executions), it would no longer see that the partial index fits.
                index_where=UserRecord.issuer == literal(LOCAL_ISSUER, literal_execute=True),
            )
            .returning(UserRecord.id)
        )
        if added is None:
            raise EmailTakenError
        await self._session.execute(
            insert(PasswordRecord).values(
                user_id=user.id, password_hash=password_hash, changed_at=user.created_at
            )
        )

    async def get(self, user_id: str) -> User | None:
        """Return an account."""
        record = await self._session.get(UserRecord, user_id)
        return None if record is None else record.to_domain()

    async def find_local(self, email_key: str) -> tuple[User, str] | None:
        """Return a local account and its password's hash."""
        found = await self._session.execute(
            select(UserRecord, PasswordRecord.password_hash)
            .join(PasswordRecord, PasswordRecord.user_id == UserRecord.id)
            .where(UserRecord.issuer == LOCAL_ISSUER, UserRecord.email_key == email_key)
        )
        row = found.one_or_none()
        return None if row is None else (row[0].to_domain(), row[1])

    async def has_local(self, email_key: str) -> bool:
        """Tell whether an e-mail address has a local account."""
        found = await self._session.scalar(
            select(UserRecord.id).where(
                UserRecord.issuer == LOCAL_ISSUER, UserRecord.email_key == email_key
            )
        )
        return found is not None

    async def update_profile(
        self, user_id: str, changes: Mapping[str, str | None], now: datetime
    ) -> User | None:
        """Change name, timezone or locale and return the account."""
        record = await self._session.scalar(
            update(UserRecord)
            .where(UserRecord.id == user_id)
            .values(**changes, updated_at=now)
            .returning(UserRecord)
        )
        return None if record is None else record.to_domain()

    async def replace_password_hash(self, user_id: str, password_hash: str, now: datetime) -> None:
        """Store a password's hash made with newer parameters."""
        await self._session.execute(
            update(PasswordRecord)
            .where(PasswordRecord.user_id == user_id)
            .values(password_hash=password_hash, changed_at=now)
        )

    async def set_disabled(self, user_id: str, disabled_at: datetime | None) -> None:
        """Disable an account, which keeps its first time, or enable it for None."""
        value = None if disabled_at is None else func.coalesce(UserRecord.disabled_at, disabled_at)
        await self._session.execute(
            update(UserRecord).where(UserRecord.id == user_id).values(disabled_at=value)
        )

    async def hold(self, user_id: str) -> User | None:
        """Return an account that nobody disables or deletes until the transaction ends."""
        record = await self._session.scalar(
            select(UserRecord)
            .where(UserRecord.id == user_id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        return None if record is None else record.to_domain()

    async def lock(self, user_id: str) -> None:
        """Lock an account until the transaction ends: nobody else holds, locks or changes it."""
        await self._session.execute(
            select(UserRecord.id).where(UserRecord.id == user_id).with_for_update(key_share=True)
        )

    async def page(self, *, after: str, limit: int) -> list[User]:
        """Return accounts in the order of their ids, which is that of their creation."""
        records = await self._session.scalars(
            select(UserRecord).where(UserRecord.id > after).order_by(UserRecord.id).limit(limit)
        )
        return [record.to_domain() for record in records]

    async def add_invitation(
        self, code_hash: bytes, *, email_key: str | None, now: datetime, expires_at: datetime
    ) -> None:
        """Store an invitation."""
        await self._session.execute(
            insert(InvitationRecord).values(
                code_hash=code_hash, email_key=email_key, created_at=now, expires_at=expires_at
            )
        )

    async def has_invitation(self, code_hash: bytes, email_key: str, now: datetime) -> bool:
        """Tell whether an invitation holds for an e-mail address."""
        found = await self._session.scalar(
            select(InvitationRecord.code_hash).where(*_holds(code_hash, email_key, now))
        )
        return found is not None

    async def use_invitation(
        self, code_hash: bytes, email_key: str, *, user_id: str, now: datetime
    ) -> bool:
        """Use an invitation up; False if it doesn't hold, or no longer."""
        used = await self._session.scalar(
            update(InvitationRecord)
            .where(*_holds(code_hash, email_key, now))
            .values(used_at=now, used_by=user_id)
            .returning(InvitationRecord.code_hash)
        )
        return used is not None


def _holds(code_hash: bytes, email_key: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        InvitationRecord.code_hash == code_hash,
        InvitationRecord.used_at.is_(None),
        InvitationRecord.expires_at > now,
        or_(InvitationRecord.email_key.is_(None), InvitationRecord.email_key == email_key),
    )
