"""What a user is, and which e-mail addresses, names, time zones and locales one may have."""

import re
import unicodedata
import zoneinfo
from datetime import datetime
from functools import cache
from typing import Final

import email_validator
import msgspec

from auth_session.domain.limits import MAX_LOCALE_CHARS, MAX_NAME_CHARS

# `issuer` of the accounts kept here; accounts of an external issuer carry that issuer's name.
LOCAL_ISSUER: Final = "local"

# BCP 47 in its common form: language, then subtags (script, region, variants, extensions).
LOCALE_PATTERN: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
_LOCALE: Final = re.compile(LOCALE_PATTERN)

# The library refuses names that no public mail server has. Home and company networks, where a
# self-hosted product lives, do use these two; nothing is mailed to them.
_PRIVATE_MAIL_DOMAINS: Final = ("local", "test")
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _PRIVATE_MAIL_DOMAINS
]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the rest of the service sees it."""

    id: str
    issuer: str
    subject: str
    email: str | None
    name: str | None
    timezone: str | None
    locale: str | None
    created_at: datetime
    disabled_at: datetime | None = None


class EmailAddress(msgspec.Struct, frozen=True):
    """An e-mail address: as it is shown, and the key by which two spellings are the same one."""

    address: str
    key: str


def parse_email(text: str) -> EmailAddress:
    """Check an e-mail address's form; no DNS is asked.

    Raises:
        ValueError: not an e-mail address; the message says why, fit for the person who typed it.
    """
    checked = email_validator.validate_email(text.strip(), check_deliverability=False)
    return EmailAddress(checked.normalized, checked.normalized.casefold())


def parse_name(text: str | None) -> str | None:
    """Return a display name without surrounding blanks, None if nothing is left of it.

    Raises:
        ValueError: it holds control characters or lone surrogates, or is too long.
    """
    name = (text or "").strip()
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        msg = "A name can't hold control characters."
        raise ValueError(msg)
    if len(name) > MAX_NAME_CHARS:
        msg = f"A name has at most {MAX_NAME_CHARS} characters."
        raise ValueError(msg)
    return name or None


def parse_timezone(text: str | None) -> str | None:
    """Return an IANA time zone's name unchanged.

    Raises:
        ValueError: the time zone database doesn't have it.
    """
    if text is not None and text not in _timezones():
        msg = "Not a time zone of the IANA database, such as Europe/Berlin."
        raise ValueError(msg)
    return text


def parse_locale(text: str | None) -> str | None:
    """Return a language tag unchanged.

    Raises:
        ValueError: it doesn't look like one.
    """
    if text is not None and (len(text) > MAX_LOCALE_CHARS or not _LOCALE.fullmatch(text)):
        msg = "Not a language tag, such as en or de-AT."
        raise ValueError(msg)
    return text


@cache
def _timezones() -> frozenset[str]:
    # Reading the database's index takes some 10 ms, and it doesn't change while a process lives.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})
