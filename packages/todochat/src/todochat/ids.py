"""Identifiers: a prefix and 26 characters of Crockford base32.

New ids contain a UUIDv7 (RFC 9562), so they sort by time of creation. Ids within a run are derived
from the run and the position in it, so that a second attempt at the run publishes the same ids.
"""

import hashlib
import re
from typing import Final

from ulid import ULID
from uuid_utils import uuid7

RESERVED_USER_IDS: Final = frozenset({"auth", "chatkit", ".", ".."})
_ID: Final = re.compile(r"[a-z]+_[0-9a-z]{26}")
_USER_ID: Final = re.compile(r"[A-Za-z0-9._|:@-]{1,128}")


def new_id(prefix: str) -> str:
    """Create a new id, for example `thr_01jd...`: unique, sortable by time, not a secret."""
    return f"{prefix}_{_base32(uuid7().bytes)}"


def derived_id(prefix: str, *parts: str | int) -> str:
    """Derive an id from `parts`; equal parts give an equal id."""
    digest = hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()
    return f"{prefix}_{_base32(digest[:16])}"


def is_user_id(text: str) -> bool:
    """Return whether `text` may name a user in a URL path."""
    return text not in RESERVED_USER_IDS and _USER_ID.fullmatch(text) is not None


def is_id(text: str, prefix: str) -> bool:
    """Return whether `text` has the form of an id with this prefix."""
    return _ID.fullmatch(text) is not None and text.startswith(f"{prefix}_")


def _base32(sixteen_bytes: bytes) -> str:
    return str(ULID.from_bytes(sixteen_bytes)).lower()
