"""The results that `todochat doctor` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check; `hint` is a remedy, and empty if the check passed."""

    subject: str
    found: str
    hint: str = ""
