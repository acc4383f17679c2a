"""Users, and the checks of their e-mail addresses, names, time zones and locales."""

import re
import unicodedata
import zoneinfo
from datetime import datetime
from functools import cache
from typing import Final

import email_validator
import msgspec

from auth_session.domain.limits import MAX_LOCALE_CHARS, MAX_NAME_CHARS

# `issuer` of local accounts; accounts of an external issuer have that issuer's name.
LOCAL_ISSUER: Final = "local"

# The common form of BCP 47: language, then subtags (script, region, variants, extensions).
LOCALE_PATTERN: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
_LOCALE: Final = re.compile(LOCALE_PATTERN)

# The library refuses domains that no public mail server has. Home and company networks, where this
# product is installed, do use these two; the product sends no mail to them.
_PRIVATE_MAIL_DOMAINS: Final = ("local", "test")
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _PRIVATE_MAIL_DOMAINS
]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

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
    """An e-mail address for display, and a key that is equal for all its spellings."""

    address: str
    key: str


def parse_email(text: str) -> EmailAddress:
    """Check the form of an e-mail address, without DNS queries.

    Raises:
        ValueError: the text is not an e-mail address; the message tells the user why.
    """
    checked = email_validator.validate_email(text.strip(), check_deliverability=False)
    return EmailAddress(checked.normalized, checked.normalized.casefold())


def parse_name(text: str | None) -> str | None:
    """Return a display name without surrounding white space, None if it is blank.

    Raises:
        ValueError: the name has control characters or lone surrogates, or is too long.
    """
    name = (text or "").strip()
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        msg = "The name must not contain control characters."
        raise ValueError(msg)
    if len(name) > MAX_NAME_CHARS:
        msg = f"The name must have at most {MAX_NAME_CHARS} characters."
        raise ValueError(msg)
    return name or None


def parse_timezone(text: str | None) -> str | None:
    """Return an IANA time zone's name unchanged.

    Raises:
        ValueError: the time zone database doesn't contain it.
    """
    if text is not None and text not in _timezones():
        msg = "Enter a time zone of the IANA database, such as Europe/Berlin."
        raise ValueError(msg)
    return text


def parse_locale(text: str | None) -> str | None:
    """Return a language tag unchanged.

    Raises:
        ValueError: the text is not a language tag.
    """
    if text is not None and (len(text) > MAX_LOCALE_CHARS or not _LOCALE.fullmatch(text)):
        msg = "Enter a language tag, such as en or de-AT."
        raise ValueError(msg)
    return text


@cache
def _timezones() -> frozenset[str]:
    # Reading the index takes about 10 ms, and it doesn't change during the life of a process.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})
