"""Limits of accounts and sessions, with their reasons; README.md lists them for callers."""

from datetime import timedelta
from typing import Final

MAX_EMAIL_CHARS: Final = 254  # RFC 5321: the longest path that fits an SMTP command
MAX_NAME_CHARS: Final = 100
MAX_TIMEZONE_CHARS: Final = 64  # the longest IANA name has 32
MAX_LOCALE_CHARS: Final = 35  # RFC 5646, 4.4.1: the minimum that implementations should support
MAX_INVITATION_CHARS: Final = 64
MAX_USER_ID_CHARS: Final = 128

MAX_USER_AGENT_CHARS: Final = 300  # longer ones are truncated; browsers send about 120
MAX_SESSIONS_SHOWN: Final = 100

# NIST SP 800-63B, 5.1.1.2: at least 8; at least 64 must be allowed; no composition rules.
MIN_PASSWORD_CHARS: Final = 8
MAX_PASSWORD_CHARS: Final = 256
MAX_EXTERNAL_TOKEN_CHARS: Final = 8192  # some issuers list every group of the user

LOGIN_TOKEN_LIFETIME: Final = timedelta(minutes=15)
LONGEST_TOKEN_LIFETIME: Final = timedelta(days=1)  # the maximum of the client secret's setting

# A rotated refresh token still returns its successor for this long, unless that was used: two tabs
# that refresh at the same time, or a lost response, must not end the session.
REFRESH_REUSE_GRACE: Final = timedelta(seconds=30)

# Verifiers tolerate this much clock skew, so a revocation must outlive its tokens by it.
VERIFIER_LEEWAY: Final = timedelta(seconds=30)

# How long a process may continue to sign with a retired key. A process that can't read the database
# can't issue tokens either; this covers a slow read.
KEY_RELOAD_MARGIN: Final = timedelta(minutes=2)
# Longer than this service (30 s), HTTP caches (60 s) and verifiers (300 s) together cache the keys.
KEY_PROPAGATION_TIME: Final = timedelta(minutes=10)

SIGN_IN_WINDOW: Final = timedelta(minutes=15)
MAX_FAILED_SIGN_INS: Final = 10
FIRST_SIGN_IN_DELAY: Final = timedelta(seconds=30)
MAX_SIGN_IN_DELAY: Final = timedelta(minutes=15)

SIGN_IN_LINK_LIFETIME: Final = timedelta(minutes=10)
MAX_SIGN_IN_LINK_TOKEN_CHARS: Final = 128  # ours have 43

INVITATION_LIFETIME: Final = timedelta(days=7)

MAX_ACCESS_TOKENS: Final = 50  # per account; they are listed on one page
MAX_TOKEN_NAME_CHARS: Final = 100
# Instead of a password, an account without one confirms a request with a sign-in this recent.
RECENT_SIGN_IN: Final = timedelta(minutes=15)
# A program that sends ten requests per second must not write ten rows.
ACCESS_TOKEN_USE_INTERVAL: Final = timedelta(minutes=1)
EXPIRED_ACCESS_TOKEN_LISTED: Final = timedelta(days=30)  # so that users see why it stopped
# Revocations of access tokens are kept for the longest duration of a stream opened with one.
ACCESS_TOKEN_REVOCATION_LIFETIME: Final = LOGIN_TOKEN_LIFETIME

# By then every service knows that an erased account's tokens are revoked (they poll every 5 s),
# and has finished the requests that were in progress.
ERASURE_SETTLE_TIME: Final = timedelta(seconds=15)
ERASURE_LEASE: Final = timedelta(minutes=2)  # two services, at most 10 s each
FIRST_ERASURE_DELAY: Final = timedelta(seconds=5)
MAX_ERASURE_DELAY: Final = timedelta(minutes=15)
