"""Redis channels and keys of this service, except those of `todochat.identity`."""

from typing import Final

# Channel. A message is the ID of a user whose outbox has grown; published by tasks after the
# commit, read by every process of tasks. A lost message delays events by the poll interval.
CHANGES_CHANNEL: Final = "tasks:changes"

# Channel. A message is the ID of an erased user; published and read likewise. A lost message
# leaves an idle feed open until its token expires.
ERASED_CHANNEL: Final = "tasks:erased"

# Counters `<this>:{<user id>}`: a user's requests in the current minute; they expire with it.
REQUESTS: Final = "tasks:requests"

# Counters `<this>:{<digest>}`: requests of a calendar feed in the current minute, likewise.
CALENDAR_REQUESTS: Final = "tasks:calendar-requests"

# Counters `<this>:{<digest>}`: confirmation codes sent to an e-mail address in an hour, likewise.
EMAIL_CODES: Final = "tasks:email-codes"
