"""Routes for operators: liveness, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import structlog
from litestar import Controller, Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from todochat.telemetry.metrics import ASYNCIO_TASKS, STORE_UP, measure_pools

CHECK_TIMEOUT_S: Final = 2.0

ReadyCheck = Callable[[State], Awaitable[Any]]

log = structlog.get_logger(__name__)


class Health(msgspec.Struct):
    """State of the service and its unreachable stores."""

    status: str
    failing: list[str] = []


class OperationsController(Controller):
    """Liveness, readiness and metrics; the edge blocks them."""

    include_in_schema = False

    @get("/health/live")
    async def live(self, state: State) -> Response[Health]:
        """Return 200 unless the event loop was blocked recently; checks no dependency."""
        if state.loop_watch.is_failing():
            return Response(Health("stalled"), status_code=503)
        return Response(Health("ok"))

    @get("/health/ready")
    async def ready(self, state: State) -> Response[Health]:
        """Return 200 when the service accepts requests, 503 while it drains or lacks a store."""
        if state.drain.is_draining:
            return Response(Health("draining"), status_code=503)
        failing = await _failing_checks(state, state.ready_checks)
        if failing:
            return Response(Health("unavailable", failing), status_code=503)
        return Response(Health("ok"))

    @get("/metrics", media_type=CONTENT_TYPE_LATEST)
    async def metrics(self, state: State) -> bytes:
        """Return all metrics in Prometheus' text format, gauges of stores included."""
        failing, _ = await asyncio.gather(
            _failing_checks(state, state.ready_checks), state.gauges.refresh()
        )
        for name in state.ready_checks:
            STORE_UP.labels(name).set(name not in failing)
        measure_pools()
        ASYNCIO_TASKS.set(len(asyncio.all_tasks()))
        return generate_latest()


async def _failing_checks(state: State, checks: Mapping[str, ReadyCheck]) -> list[str]:
    async def fails(name: str, check: ReadyCheck) -> str | None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check(state)
        except Exception as error:  # noqa: BLE001 - any error means "not ready"
            log.warning("health.check_failed", check=name, error=error)
            return name
        return None

    results = await asyncio.gather(*(fails(name, check) for name, check in checks.items()))
    return [name for name in results if name is not None]
