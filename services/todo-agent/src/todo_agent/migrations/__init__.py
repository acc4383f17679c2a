"""Migrations of database `chat`."""
