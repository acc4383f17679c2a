"""A chat client for the terminal, for any deployment."""
