"""The password policy, after NIST SP 800-63B section 5.1.1.2.

It requires a minimum length and no composition ("one digit, one capital"). It refuses the guesses
that attackers try first: common passwords, and the user's own e-mail address or name.
"""

import gzip
import unicodedata
from functools import cache
from importlib.resources import files

from auth_session.domain.limits import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS

# A short name ("Al") inside a long password doesn't weaken it.
_MIN_GUESSABLE_CHARS = 4


def normalize_password(text: str) -> str:
    """Return the NFKC form, which is hashed: keyboards compose the same character differently."""
    return unicodedata.normalize("NFKC", text)


def check_password(password: str, *, email: str, name: str | None) -> None:
    """Check a new, normalized password of an account.

    Raises:
        ValueError: the password is not acceptable; the message tells the user why.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        msg = f"The password must have at least {MIN_PASSWORD_CHARS} characters."
        raise ValueError(msg)
    if len(password) > MAX_PASSWORD_CHARS:
        msg = f"The password must have at most {MAX_PASSWORD_CHARS} characters."
        raise ValueError(msg)
    folded = password.casefold()
    if folded in _common_passwords() or len(set(folded)) == 1:
        msg = "This password is too common. Choose another one."
        raise ValueError(msg)
    address = email.casefold()
    own_words = {address, address.partition("@")[0], address.partition("@")[2]}
    if name is not None:
        own_words |= {name.casefold(), name.casefold().replace(" ", "")}
    if any(_consists_of(folded, word) for word in own_words):
        msg = "The password must not consist of your e-mail address or name. Choose another one."
        raise ValueError(msg)


def _consists_of(password: str, word: str) -> bool:
    """Tell whether a password is hardly more than a word, such as "grace.hopper1".

    A passphrase that merely mentions the word has enough characters besides it.
    """
    rest = password.replace(word, "")
    return (
        len(word) >= _MIN_GUESSABLE_CHARS and word in password and len(rest) < _MIN_GUESSABLE_CHARS
    )


@cache
def _common_passwords() -> frozenset[str]:
    packed = files("auth_session.domain").joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())
