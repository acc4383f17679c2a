"""Choosing and running an administrator's command."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import structlog

from auth_session.admin import keys, users
from auth_session.errors import SigningKeyError
from auth_session.lifespan import Services, open_services
from auth_session.settings import AuthSessionSettings
from todochat.errors import ServiceError

EXIT_REFUSED: Final = 1

Run = Callable[[Services, argparse.Namespace], Awaitable[None]]


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add every subject; each of its actions names the function that runs it as `run`."""
    subjects = parser.add_subparsers(dest="subject", required=True)
    for subject in (users, keys):
        subject.add_to(subjects)


def administer(arguments: argparse.Namespace, settings: AuthSessionSettings) -> None:
    """Run the chosen action; a refusal ends the process with its reason.

    Standard output has the result and nothing else, so that scripts can use it; warnings go to
    standard error.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        asyncio.run(_run(arguments, settings))
    except ServiceError as error:
        _refuse(error.detail)
    except SigningKeyError as error:
        _refuse(str(error))


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(reason + "\n")
    sys.exit(EXIT_REFUSED)


async def _run(arguments: argparse.Namespace, settings: AuthSessionSettings) -> None:
    run: Run = arguments.run
    async with open_services(settings) as services:
        await run(services, arguments)
