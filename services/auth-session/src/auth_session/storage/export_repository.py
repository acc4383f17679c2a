"""Reads everything this database holds about one user, except hashes."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.account_export import AccountExport, ExportedAccount, ExportedSession
from auth_session.storage.records import (
    AccessTokenRecord,
    PasswordRecord,
    SessionRecord,
    UserRecord,
)

MAX_SESSIONS: Final = 10_000  # the newest; a user who signs in hourly for 90 days has 2,160


async def read_account_export(transaction: AsyncSession, user_id: str) -> AccountExport | None:
    """Return the export of an account; None if there is no such account."""
    user = await transaction.get(UserRecord, user_id)
    if user is None:
        return None
    password = await transaction.get(PasswordRecord, user_id)
    sessions = await transaction.scalars(
        select(SessionRecord)
        .where(SessionRecord.user_id == user_id)
        .order_by(SessionRecord.id.desc())
        .limit(MAX_SESSIONS)
    )
    tokens = await transaction.scalars(
        select(AccessTokenRecord)
        .where(AccessTokenRecord.user_id == user_id)
        .order_by(AccessTokenRecord.id.desc())
    )
    return AccountExport(
        account=ExportedAccount(
            **_fields(user, ExportedAccount.__struct_fields__[:-1]),
            password_changed_at=None if password is None else password.changed_at,
        ),
        sessions=[
            ExportedSession(**_fields(record, ExportedSession.__struct_fields__))
            for record in sessions
        ],
        access_tokens=[record.to_domain() for record in tokens],
    )


def _fields(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
