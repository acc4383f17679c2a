"""Alembic's entry point; run by `python -m auth_session migrate`."""

from auth_session.storage.records import METADATA
from todochat.database.migrations import run_env

run_env(METADATA)
