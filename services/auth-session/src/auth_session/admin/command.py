"""Selects and runs an administrator's command."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from auth_session.admin import keys, users
from auth_session.errors import SigningKeyError
from auth_session.lifespan import open_services
from auth_session.services import Services
from auth_session.settings import AuthSessionSettings
from todochat.errors import ServiceError

EXIT_FAILED: Final = 1

Action = Callable[[Services, argparse.Namespace], Awaitable[None]]


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add all subjects; each action stores its function as the argument `run`."""
    subjects = parser.add_subparsers(dest="subject", required=True)
    for subject in (users, keys):
        subject.add_to(subjects)


def administer(arguments: argparse.Namespace, settings: AuthSessionSettings) -> None:
    """Run the selected action; exit with the reason if it fails.

    Only the result is written to standard output, so that scripts can use it; warnings are written
    to standard error.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    async def run_action() -> None:
        run: Action = arguments.run
        async with open_services(settings) as services:
            await run(services, arguments)

    try:
        asyncio.run(run_action())
    except (ServiceError, SigningKeyError) as error:
        reason = error.detail if isinstance(error, ServiceError) else str(error)
        sys.stderr.write(reason + "\n")
        sys.exit(EXIT_FAILED)
