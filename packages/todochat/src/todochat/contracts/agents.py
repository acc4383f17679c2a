"""Names of agents: each thread belongs to one, and several agents can share an installation."""

from typing import Final

DEFAULT_AGENT: Final = "default"
AGENT_NAME: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
AGENT_HEADER: Final = "X-Agent"  # on chat-gateway's requests to the api of an agent that it names
