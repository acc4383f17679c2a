"""The limits of accounts and sessions, each with its reason; README.md lists them for callers."""

from datetime import timedelta
from typing import Final

MAX_EMAIL_CHARS: Final = 254  # RFC 5321: the longest path that fits an SMTP command
MAX_NAME_CHARS: Final = 100
MAX_TIMEZONE_CHARS: Final = 64  # the longest IANA name has 32
MAX_LOCALE_CHARS: Final = 35  # RFC 5646, 4.4.1: what implementations should at least support
MAX_INVITATION_CHARS: Final = 64
MAX_USER_ID_CHARS: Final = 128

MAX_USER_AGENT_CHARS: Final = 300  # what is kept of it; browsers send about 120
MAX_SESSIONS_SHOWN: Final = 100

# NIST SP 800-63B, 5.1.1.2: at least 8; at least 64 must be allowed; no composition rules.
MIN_PASSWORD_CHARS: Final = 8
MAX_PASSWORD_CHARS: Final = 256
MAX_EXTERNAL_TOKEN_CHARS: Final = 8192  # some issuers list every group a person is in

LOGIN_TOKEN_LIFETIME: Final = timedelta(minutes=15)
LONGEST_TOKEN_LIFETIME: Final = timedelta(days=1)  # what the client secret's setting allows

# A rotated refresh token still yields a successor for this long: two tabs that refresh at the same
# moment, or an answer that was lost on its way, must not end the session.
REFRESH_REUSE_GRACE: Final = timedelta(seconds=30)

# Verifiers allow for clocks that differ by this much, so a revocation has to outlive it.
VERIFIER_LEEWAY: Final = timedelta(seconds=30)

# A process that can't read the keys anew can't issue tokens either; this covers a slow reading.
KEY_PICK_UP: Final = timedelta(minutes=2)
# Longer than this service (30 s), HTTP caches (60 s) and verifiers (300 s) keep published keys.
KEY_KNOWN_AFTER: Final = timedelta(minutes=10)

SIGN_IN_WINDOW: Final = timedelta(minutes=15)
MAX_FAILED_SIGN_INS: Final = 10
FIRST_SIGN_IN_DELAY: Final = timedelta(seconds=30)
MAX_SIGN_IN_DELAY: Final = timedelta(minutes=15)

INVITATION_LIFETIME: Final = timedelta(days=7)

MAX_ACCESS_TOKENS: Final = 50  # per account; they are listed on one page
MAX_TOKEN_NAME_CHARS: Final = 100
# An account without a password confirms a sensitive request by having signed in this recently.
RECENT_SIGN_IN: Final = timedelta(minutes=15)
# Written at most so often: a program that calls ten times a second must not write ten rows.
ACCESS_TOKEN_USE_NOTED: Final = timedelta(minutes=1)
EXPIRED_ACCESS_TOKEN_LISTED: Final = timedelta(days=30)  # so that its owner sees why it stopped
# A stream that was opened with an access token ends by itself after so long at the latest.
ACCESS_TOKEN_REVOCATION_TOLD: Final = LOGIN_TOKEN_LIFETIME

# By then every service has heard that an erased account's tokens are void (they look every 5 s),
# and has finished the requests it was working on.
ERASURE_SETTLES: Final = timedelta(seconds=15)
ERASURE_LEASE: Final = timedelta(minutes=2)  # two services, asked for at most 10 s each
FIRST_ERASURE_DELAY: Final = timedelta(seconds=5)
MAX_ERASURE_DELAY: Final = timedelta(minutes=15)
