"""Streams: admission, viewers and their leases, and the relay itself."""
