"""On whose account the work of a request with a password goes."""

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose share of the work and of the limits a request uses.

    Attributes:
        key: an address group, or the user of a known session.
        is_known: the request carries a session of the account that it is about.
    """

    key: str
    is_known: bool = False

    @classmethod
    def at(cls, address: str) -> "Caller":
        """Return the caller that is known by nothing but an address, as `address_group` says it."""
        return cls(key=address)

    @classmethod
    def owner(cls, user_id: str) -> "Caller":
        """Return the caller that carries a session of this account."""
        return cls(key=user_id, is_known=True)
