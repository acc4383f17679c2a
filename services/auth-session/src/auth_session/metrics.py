"""What this service counts, beside what every service counts."""

from typing import Final

from prometheus_client import Counter, Gauge

SIGN_INS: Final = Counter("auth_session_sign_ins_total", "Sign-ins tried.", ["outcome"])
REFRESHES: Final = Counter("auth_session_refreshes_total", "Refresh tokens shown.", ["outcome"])
PASSWORDS_IN_WORK: Final = Gauge(
    "auth_session_passwords_in_work", "Passwords being hashed or waiting for a thread."
)
JOB_FAILURES: Final = Counter(
    "auth_session_job_failures_total", "Runs of a periodic job that failed.", ["job"]
)
