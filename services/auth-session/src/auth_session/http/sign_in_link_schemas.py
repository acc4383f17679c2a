"""Bodies of one-time sign-in links."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from auth_session.domain.limits import MAX_SIGN_IN_LINK_TOKEN_CHARS


class SignInLinkView(msgspec.Struct, kw_only=True):
    """A new link: the site's page `/sign-in-link#TOKEN` redeems it."""

    token: Annotated[str, Meta(description="Only in the answer that made it.")]
    expires_at: Annotated[datetime, Meta(description="In UTC.")]


class RedeemSignInLink(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The token of a link."""

    token: Annotated[str, Meta(max_length=MAX_SIGN_IN_LINK_TOKEN_CHARS)]
