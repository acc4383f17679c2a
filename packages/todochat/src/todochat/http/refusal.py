"""Ends a process whose settings turn out to be invalid only while its application starts."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import structlog
from litestar import Litestar

from todochat.settings import SettingsError

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

log = structlog.get_logger(__name__)


def refuse_bad_settings(lifespan: Lifespan) -> Lifespan:
    """Return a lifespan that logs a SettingsError in one line and ends the process.

    Raised through the server, it would be logged with its traceback.
    """

    @asynccontextmanager
    async def refusing(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(lifespan(app))
            except SettingsError as error:
                log.critical("start.refused", reason=str(error))
                app.state.is_refused = True
                for _ in range(2):  # the second signal skips the drain
                    signal.raise_signal(signal.SIGTERM)
            yield

    return refusing
