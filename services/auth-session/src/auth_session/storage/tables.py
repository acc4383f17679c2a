"""All tables of database `auth`, for the migrations."""

from typing import Final

from sqlalchemy import MetaData

from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.base import Base
from auth_session.storage.erasure_record import ErasedSidRecord, ErasureRecord
from auth_session.storage.session_record import (
    RefreshTokenRecord,
    SessionRecord,
    SignInFailureRecord,
)
from auth_session.storage.sign_in_link_record import SignInLinkRecord
from auth_session.storage.signing_key_record import SigningKeyRecord
from auth_session.storage.user_record import InvitationRecord, PasswordRecord, UserRecord

RECORDS: Final[tuple[type[Base], ...]] = (
    UserRecord,
    PasswordRecord,
    InvitationRecord,
    SessionRecord,
    RefreshTokenRecord,
    SignInFailureRecord,
    SignInLinkRecord,
    SigningKeyRecord,
    AccessTokenRecord,
    ErasureRecord,
    ErasedSidRecord,
)
METADATA: Final[MetaData] = Base.metadata
