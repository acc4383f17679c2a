"""Alembic's entry point; run by `python -m todo_agent migrate`."""

from todo_agent.storage.tables import METADATA
from todochat.database.migrations import run_env

run_env(METADATA)
