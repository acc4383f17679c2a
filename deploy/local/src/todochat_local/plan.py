"""What a launch consists of: units that run, and steps between their starts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from todochat_local.child import ChildSpec
from todochat_local.probe import Probe


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A process that the launcher keeps running.

    Args:
        service: the name in state.json; several instances share it. Empty for engines.
        needs: units and steps that come first.
        stop_wave: units of a lower wave have ended before those of a higher one are stopped.
        watch: packages whose source files restart this unit under `--reload`.
        liveness: restarts this unit when it fails again and again; None checks nothing.
    """

    spec: ChildSpec
    probe: Probe
    liveness: Probe | None = None
    service: str = ""
    url: str | None = None
    needs: Sequence[str] = ()
    stop_wave: int = 0
    ready_timeout_s: float = 90.0
    watch: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The name of this instance."""
        return self.spec.name


class TaskRunner(Protocol):
    """Runs a program to its end, under a guard like everything else."""

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        """Run it.

        Raises:
            StartError: it failed or took too long.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Step:
    """Work between the starts of units, such as migrations.

    `action` returns what to tell about it; empty when there was nothing to do.
    """

    name: str
    action: Callable[[TaskRunner], Awaitable[str]]
    needs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A launch, and what state.json says beside the processes."""

    edge: str
    units: Sequence[Unit]
    steps: Sequence[Step] = ()
    postgres_url: str | None = None
    redis_url: str | None = None
    admin_environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: Sequence[str] = ()


class StartError(Exception):
    """A unit or a step could not start.

    Args:
        lines: the last of its log.
    """

    def __init__(self, name: str, reason: str, lines: Sequence[str] = ()) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.lines = lines
