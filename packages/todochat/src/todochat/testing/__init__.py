"""Fixtures and tools for tests: real servers, waiting on states, a scripted model server."""

from todochat.testing.waiting import free_port, wait_until

__all__ = ["free_port", "wait_until"]
