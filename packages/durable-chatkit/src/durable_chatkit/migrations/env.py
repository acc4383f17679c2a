"""Alembic's entry point; run by the command `migrate`."""

from durable_chatkit.storage.tables import METADATA
from todochat.database.migrations import run_env

run_env(METADATA)
