"""What this service counts, beside what every service counts."""

from typing import Final

from prometheus_client import Counter, Gauge

SIGN_INS: Final = Counter("todochat_sign_ins_total", "Sign-ins tried.", ["outcome"])
REFRESHES: Final = Counter("todochat_session_refreshes_total", "Refresh tokens shown.", ["outcome"])
PASSWORDS_IN_WORK: Final = Gauge(
    "todochat_passwords_in_work", "Passwords being hashed or waiting for a thread."
)
JOB_FAILURES: Final = Counter(
    "todochat_job_failures_total", "Runs of a periodic job that failed.", ["periodic_job"]
)
PENDING_ERASURES: Final = Gauge(
    "todochat_pending_erasures", "Deleted accounts of which another service still has something."
)
OLDEST_ERASURE_SECONDS: Final = Gauge(
    "todochat_oldest_pending_erasure_seconds",
    "Age of the oldest of them; 0 if there is none.",
)
