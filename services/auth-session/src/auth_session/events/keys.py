"""Every name this service uses in Redis, beside the ones of `todochat.identity.revocation`."""

from typing import Final

# Counters `<this>:{<address>}`: sign-ups from an address in the current hour; each expires with it.
SIGN_UPS: Final = "auth:sign-ups"

# Counters `<this>:{<user>}`: requests within a minute; each expires with it.
REQUESTS: Final = "auth:requests"

# Counters `<this>:{<address or user>}`: wrong passwords within a minute; each expires with it.
WRONG_PASSWORDS: Final = "auth:wrong-passwords"
