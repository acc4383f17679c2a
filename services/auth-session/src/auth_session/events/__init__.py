"""What this service tells others through Redis."""
