"""The use cases; no framework."""
