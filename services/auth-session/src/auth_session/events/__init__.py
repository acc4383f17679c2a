"""Messages to other services through Redis."""
