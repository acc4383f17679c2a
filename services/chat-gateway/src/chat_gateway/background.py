"""Jobs that a process repeats for as long as it lives."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chat_gateway.streams.redis_guard import FAILURES

log = structlog.get_logger(__name__)


async def repeat(job: Callable[[], Awaitable[None]], *, every_s: float) -> None:
    """Run a job again and again, with a pause between; a failure ends that one time only."""
    while True:
        try:
            await job()
        except FAILURES as error:
            log.warning("job.failed", job=job.__qualname__, error=error)
        except Exception:
            log.exception("job.crashed", job=job.__qualname__)
        await asyncio.sleep(every_s)
