"""Runs an adopter's ChatKitServer unchanged: its store, its context and how it is built."""
