"""Rows and statements of database `chat`."""
