"""The user that a verified token of an external issuer identifies."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from auth_session.domain.user import (
    EmailAddress,
    parse_email,
    parse_locale,
    parse_name,
    parse_timezone,
)
from auth_session.issuer_settings import OWN_PREFIX
from todochat.ids import is_user_id

T = TypeVar("T")


class ExternalUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of an external issuer; `subject` is unique within `realm`."""

    realm: str
    subject: str
    user_id: str
    email: EmailAddress | None
    name: str | None
    timezone: str | None
    locale: str | None


def read_external_user(
    claims: Mapping[str, Any], *, realm: str, user_claim: str, prefix: str
) -> ExternalUser:
    """Read the user from verified claims; unacceptable values other than the id are dropped.

    Raises:
        ValueError: the claims name no user, or the user's id can't be used here.
    """
    subject = _subject(claims, user_claim)
    user_id = prefix + subject
    if not is_user_id(user_id) or _looks_like_ours(subject) or _looks_like_ours(user_id):
        msg = "the user's id can't be used here"
        raise ValueError(msg)
    return ExternalUser(
        realm=realm,
        subject=subject,
        user_id=user_id,
        email=_optional(parse_email, claims.get("email")),
        name=_optional(parse_name, claims.get("name")),
        timezone=_optional(parse_timezone, claims.get("zoneinfo")),
        locale=_optional(parse_locale, claims.get("locale")),
    )


def _subject(claims: Mapping[str, Any], user_claim: str) -> str:
    if "user_id" in claims and "sub" not in claims and "id" not in claims:
        # A client secret of the application we replace, signed with the same secret.
        msg = "the token is not a login token"
        raise ValueError(msg)
    value = claims.get(user_claim) if user_claim else claims.get("sub", claims.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        msg = "the token names no user"
        raise ValueError(msg)
    return value


def _looks_like_ours(user_id: str) -> bool:
    return user_id.casefold().startswith(OWN_PREFIX)


def _optional(parse: Callable[[str], T], value: object) -> T | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse(value)
    except ValueError:
        return None  # the value comes from the issuer: the user couldn't correct it
