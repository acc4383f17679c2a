"""What travels when an account is erased."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from auth_session.domain.limits import MAX_PASSWORD_CHARS


class EraseAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One's word that the account is to go."""

    password: (
        Annotated[
            str,
            Meta(
                max_length=MAX_PASSWORD_CHARS,
                description="The account's password; left out for accounts that have none.",
            ),
        ]
        | None
    ) = None


class ErasureView(msgspec.Struct):
    """The account is gone, and its traces in other services go as soon as these answer."""

    status: Literal["erasing"] = "erasing"
