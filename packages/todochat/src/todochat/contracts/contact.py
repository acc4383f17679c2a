"""A user's address: auth-session returns it to services that deliver something to the user."""

from typing import Final

import msgspec

# Of auth-session, with the user's ID; the token names the same user.
CONTACT_PATH: Final = "/internal/users/{user_id}/contact"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The address and the time zone in a user's profile; null where the user has none."""

    email: str | None
    timezone: str | None
