"""Messages to and from other processes over Redis."""
