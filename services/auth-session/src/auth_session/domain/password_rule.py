"""Which passwords a person may choose, after NIST SP 800-63B section 5.1.1.2.

Length counts, composition doesn't: no "one digit, one capital". What attackers try first is
refused: common passwords, and the person's own e-mail address or name.
"""

import gzip
import unicodedata
from functools import cache
from importlib.resources import files

from auth_session.domain.limits import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS

# A short name ("Al") inside a long password gives nothing away.
_MIN_TELLING_CHARS = 4


def normalize_password(text: str) -> str:
    """Return the form that is hashed: keyboards differ in how they compose the same character."""
    return unicodedata.normalize("NFKC", text)


def check_password(password: str, *, email: str, name: str | None) -> None:
    """Check a normalized password that somebody chooses for an account.

    Raises:
        ValueError: it is not acceptable; the message says why, fit for the person who chose it.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        msg = f"A password has at least {MIN_PASSWORD_CHARS} characters."
        raise ValueError(msg)
    if len(password) > MAX_PASSWORD_CHARS:
        msg = f"A password has at most {MAX_PASSWORD_CHARS} characters."
        raise ValueError(msg)
    folded = password.casefold()
    if folded in _common_passwords() or len(set(folded)) == 1:
        msg = "This password is among the first that anybody would try. Choose another one."
        raise ValueError(msg)
    if any(_mostly(folded, own) for own in _own_words(email, name)):
        msg = "A password can't be made of your e-mail address or name. Choose another one."
        raise ValueError(msg)


def _own_words(email: str, name: str | None) -> set[str]:
    address = email.casefold()
    words = {address, address.partition("@")[0], address.partition("@")[2]}
    if name is not None:
        words |= {name.casefold(), name.casefold().replace(" ", "")}
    return {word for word in words if len(word) >= _MIN_TELLING_CHARS}


def _mostly(password: str, own: str) -> bool:
    # "grace.hopper1" is the address with a digit; a passphrase that happens to mention the name
    # has enough besides it.
    return len(password.replace(own, "")) < _MIN_TELLING_CHARS and own in password


@cache
def _common_passwords() -> frozenset[str]:
    packed = files("auth_session.domain").joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())
