"""Fixtures that every test of the workspace may use."""

pytest_plugins = ["todochat.testing.plugin"]
