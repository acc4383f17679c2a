"""Every name this service uses in Redis, beside the ones of `todochat.identity.jwks` and `.revocation`."""

from typing import Final

# Channel. A message is the id of a person whose outbox has grown; published by tasks after the
# commit, read by every process of tasks. Losing one costs the poll interval, nothing else.
CHANGES_CHANNEL: Final = "tasks:changes"

# Channel. A message is the id of a person who was erased; published and read likewise. Losing one
# leaves a feed open that has nothing to say, until its token ends.
ERASED_CHANNEL: Final = "tasks:erased"

# Counters `<this>:{<user id>}`: a person's requests in the current minute; each expires with it.
REQUESTS: Final = "tasks:requests"
