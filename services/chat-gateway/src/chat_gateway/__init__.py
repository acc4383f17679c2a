"""The chat gateway: verifies client secrets and relays runs as server-sent events."""
