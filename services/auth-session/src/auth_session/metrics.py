"""Prometheus metrics of this service, on top of the ones every service has."""

from typing import Final

from prometheus_client import Counter, Gauge

SIGN_INS: Final = Counter("todochat_sign_ins_total", "Sign-in attempts by outcome.", ["outcome"])
REFRESHES: Final = Counter(
    "todochat_session_refreshes_total", "Uses of a refresh token by outcome.", ["outcome"]
)
PASSWORDS_IN_WORK: Final = Gauge(
    "todochat_passwords_in_work", "Passwords being hashed or waiting for a thread."
)
JOB_FAILURES: Final = Counter(
    "todochat_job_failures_total", "Failed runs of a periodic job.", ["periodic_job"]
)
PENDING_ERASURES: Final = Gauge(
    "todochat_pending_erasures", "Deleted accounts that another service hasn't fully erased."
)
OLDEST_ERASURE_SECONDS: Final = Gauge(
    "todochat_oldest_pending_erasure_seconds",
    "Age of the oldest pending erasure; 0 if there is none.",
)
