"""The process's HTTP server: uvicorn with a drain before it closes its sockets.

uvicorn stops accepting at once on SIGTERM and runs the lifespan's shutdown only after the last
stream has ended, so neither a load balancer nor an open stream would be notified in time. Here
SIGTERM first turns readiness off; after DRAIN_DELAY_S the app's drain callbacks run (the gateway
sends resumable streams a reconnect), then the sockets close and open requests get DRAIN_TIMEOUT_S
to finish.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

import uvicorn
from litestar import Litestar

from todochat.http.draining import Drain
from todochat.settings import ServiceSettings, SettingsError, SettingsT, load_settings

# Longer than the edge keeps an idle upstream connection (Caddy: 2 min), so that the edge never
# sends a request on a connection that is being closed here.
KEEP_ALIVE_S: Final = 150
YOUNG_OBJECTS: Final = 10_000
EXIT_BAD_SETTINGS: Final = 2
EXIT_START_FAILED: Final = 3


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains on the first signal and exits at once on the second."""

    def __init__(self, config: uvicorn.Config, drain: Drain, delay_s: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._delay_s = delay_s
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal has started and finished the drain."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Start draining; a second signal skips the rest of the wait.

        uvicorn's own handler is replaced, not extended: it would raise the signal again after
        the shutdown, and the process would not exit 0.
        """
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._on_signal, sig)

    def _on_signal(self, sig: int) -> None:
        if self._task is None:
            self._drain.begin()
            self._task = asyncio.create_task(self._drain_and_exit())
        else:
            self._hurry.set()
            self.force_exit = self.force_exit or sig == signal.SIGINT

    async def _drain_and_exit(self) -> None:
        with suppress(TimeoutError):  # the usual case: no second signal
            await asyncio.wait_for(self._hurry.wait(), self._delay_s)
        await self._drain.finish()
        self.should_exit = True


def make_server(
    app: Litestar, settings: ServiceSettings, *, host: str, port: int
) -> DrainingServer:
    """Configure the server of one service process."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(settings.drain_timeout_s)),
        backlog=2048,
    )
    return DrainingServer(config, app.state.drain, settings.drain_delay_s)


def run(app: Litestar, settings: ServiceSettings, *, host: str, port: int) -> None:
    """Serve `app` until SIGTERM or Ctrl-C, then drain.

    Exits with 3 if it can't start, or if the check of its database role fails later because
    PostgreSQL was down at start.

    Imported modules live as long as the process, so they are frozen: the garbage collector, which
    a service's `__main__` may have turned off, never scans them again. Garbage would be frozen, too,
    and is collected first: 3 MB in the worker, below 1 MB in the others, for 0.1 s. Later it is
    collected after YOUNG_OBJECTS: few objects of a request are in cycles, so looking for those after
    700, Python's default, takes 4 to 5 % of a worker's time.
    """
    server = make_server(app, settings, host=host, port=port)
    app.state.loop_watch.guard_process(settings.loop_stall_exit_s)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    server.run()
    if not server.started or app.state.is_refused:
        sys.exit(EXIT_START_FAILED)


def load_settings_or_exit(cls: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """Read settings; an invalid one ends the process with one line on stderr."""
    try:
        return load_settings(cls, environ)
    except SettingsError as error:
        exit_with(str(error))


def exit_with(message: str) -> NoReturn:
    """End the process with exit code 2 and a line on stderr."""
    sys.stderr.write(message + "\n")
    sys.exit(EXIT_BAD_SETTINGS)
