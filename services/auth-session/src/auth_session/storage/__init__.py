"""Database `auth`."""
