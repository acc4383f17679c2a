"""`todochat chat`: a client in the terminal, for any deployment."""
