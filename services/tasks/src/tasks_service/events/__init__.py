"""What this service says and hears through Redis."""
