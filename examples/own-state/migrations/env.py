"""Alembic's entry point."""

from sqlalchemy import MetaData

from todochat.database.migrations import run_env

run_env(MetaData())
