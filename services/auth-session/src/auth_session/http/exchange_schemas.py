"""What travels over the wire about external tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from auth_session.domain.limits import MAX_EXTERNAL_TOKEN_CHARS


class Exchange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The token that an external issuer gave to somebody who signed in there."""

    token: Annotated[str, Meta(min_length=1, max_length=MAX_EXTERNAL_TOKEN_CHARS)]
