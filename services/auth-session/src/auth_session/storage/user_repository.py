"""Queries of accounts."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.user import LOCAL_ISSUER, User
from auth_session.errors import EmailTakenError
from auth_session.storage.records import InvitationRecord, PasswordRecord, UserRecord


class UserRepository:
    """Accounts, their passwords and invitations, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def add_local_account(self, user: User, *, email_key: str, password_hash: str) -> None:
        """Store a new local account with its password.

        Raises:
            EmailTakenError: there is a local account with this e-mail address.
        """
        added = await self._transaction.scalar(
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
                # A literal: with a parameter, PostgreSQL's generic plan (after five executions)
                # couldn't tell that the partial index applies.
                index_where=UserRecord.issuer == literal(LOCAL_ISSUER, literal_execute=True),
            )
            .returning(UserRecord.id)
        )
        if added is None:
            raise EmailTakenError
        await self._transaction.execute(
            insert(PasswordRecord).values(
                user_id=user.id, password_hash=password_hash, changed_at=user.created_at
            )
        )

    async def get_account(self, user_id: str) -> User | None:
        """Return an account."""
        record = await self._transaction.get(UserRecord, user_id)
        return None if record is None else record.to_domain()

    async def find_local_account(self, email_key: str) -> tuple[User, str] | None:
        """Return a local account and its password hash."""
        found = await self._transaction.execute(
            select(UserRecord, PasswordRecord.password_hash)
            .join(PasswordRecord, PasswordRecord.user_id == UserRecord.id)
            .where(UserRecord.issuer == LOCAL_ISSUER, UserRecord.email_key == email_key)
        )
        row = found.one_or_none()
        return None if row is None else (row[0].to_domain(), row[1])

    async def has_local_account(self, email_key: str) -> bool:
        """Return whether an e-mail address has a local account."""
        found = await self._transaction.scalar(
            select(UserRecord.id).where(
                UserRecord.issuer == LOCAL_ISSUER, UserRecord.email_key == email_key
            )
        )
        return found is not None

    async def update_profile(
        self, user_id: str, changes: Mapping[str, str | None], now: datetime
    ) -> User | None:
        """Change name, timezone or locale and return the account."""
        record = await self._transaction.scalar(
            update(UserRecord)
            .where(UserRecord.id == user_id)
            .values(**changes, updated_at=now)
            .returning(UserRecord)
        )
        return None if record is None else record.to_domain()

    async def replace_password_hash(self, user_id: str, password_hash: str, now: datetime) -> None:
        """Store the hash of a new password unconditionally."""
        await self._transaction.execute(
            update(PasswordRecord)
            .where(PasswordRecord.user_id == user_id)
            .values(password_hash=password_hash, changed_at=now)
        )

    async def set_disabled(self, user_id: str, disabled_at: datetime | None) -> None:
        """Disable an account, keeping an earlier time, or enable it for None."""
        value = None if disabled_at is None else func.coalesce(UserRecord.disabled_at, disabled_at)
        await self._transaction.execute(
            update(UserRecord).where(UserRecord.id == user_id).values(disabled_at=value)
        )

    async def share_lock_account(self, user_id: str) -> User | None:
        """Return an account, locked against disabling and deletion until the transaction ends."""
        record = await self._transaction.scalar(
            select(UserRecord)
            .where(UserRecord.id == user_id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        return None if record is None else record.to_domain()

    async def lock_account(self, user_id: str) -> None:
        """Lock an account until the transaction ends, against share locks as well."""
        await self._transaction.execute(
            select(UserRecord.id).where(UserRecord.id == user_id).with_for_update(key_share=True)
        )

    async def list_page(self, *, after: str, limit: int) -> list[User]:
        """Return accounts in the order of their ids, which is the order of creation."""
        records = await self._transaction.scalars(
            select(UserRecord).where(UserRecord.id > after).order_by(UserRecord.id).limit(limit)
        )
        return [record.to_domain() for record in records]

    async def add_invitation(
        self, code_hash: bytes, *, email_key: str | None, now: datetime, expires_at: datetime
    ) -> None:
        """Store an invitation."""
        await self._transaction.execute(
            insert(InvitationRecord).values(
                code_hash=code_hash, email_key=email_key, created_at=now, expires_at=expires_at
            )
        )

    async def has_invitation(self, code_hash: bytes, email_key: str, now: datetime) -> bool:
        """Return whether an invitation is valid for an e-mail address."""
        found = await self._transaction.scalar(
            select(InvitationRecord.code_hash).where(
                *_is_valid_invitation(code_hash, email_key, now)
            )
        )
        return found is not None

    async def use_invitation(
        self, code_hash: bytes, email_key: str, *, user_id: str, now: datetime
    ) -> bool:
        """Mark an invitation as used; False if it isn't valid, or no longer."""
        used = await self._transaction.scalar(
            update(InvitationRecord)
            .where(*_is_valid_invitation(code_hash, email_key, now))
            .values(used_at=now, used_by=user_id)
            .returning(InvitationRecord.code_hash)
        )
        return used is not None


def _is_valid_invitation(
    code_hash: bytes, email_key: str, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        InvitationRecord.code_hash == code_hash,
        InvitationRecord.used_at.is_(None),
        InvitationRecord.expires_at > now,
        or_(InvitationRecord.email_key.is_(None), InvitationRecord.email_key == email_key),
    )
