"""Alembic's entry point; run by `python -m tasks_service migrate`."""

from tasks_service.storage.records import TasksBase
from todochat.database.migrations import run_env

run_env(TasksBase.metadata)
