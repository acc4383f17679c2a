"""The plan of a launch: units, which keep running, and steps between their starts."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from todochat_local.child import ChildSpec
from todochat_local.probe import Probe


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of `todochat up`, and the environment of its caller.

    Args:
        port: of the edge; 0 is any free port, None is 8000 or the next free port.
    """

    data_dir: Path
    port: int | None = None
    workers: int = 1
    gateways: int = 1
    reload: bool = False
    environ: Mapping[str, str]

    def encode(self) -> str:
        """Return the options, without the environment, for a command line."""
        return json.dumps(
            {name: value for name, value in vars(self).items() if name != "environ"}, default=str
        )

    @classmethod
    def decode(cls, text: str, environ: Mapping[str, str]) -> "UpOptions":
        """Return the options of a command line of `encode`."""
        options = json.loads(text)
        return cls(**{**options, "data_dir": Path(options["data_dir"])}, environ=environ)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A process that the launcher keeps running.

    Args:
        service: the name in state.json; several instances share it. Empty for engines.
        needs: units and steps that must be ready first.
        stop_wave: units of a lower wave end before those of a higher one are stopped.
        watch: packages; with `--reload` a change of their source files restarts this unit.
        liveness: the unit is restarted when this probe fails repeatedly; None disables the check.
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
    """Runs a program to completion, under the guard."""

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        """Run the program.

        Raises:
            StartError: the program failed or timed out.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class LaunchStep:
    """Work between the starts of units, such as migrations.

    `action` returns a summary for the report; empty if it was a no-op.
    """

    name: str
    action: Callable[[TaskRunner], Awaitable[str]]
    needs: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class LaunchPlan:
    """The units and steps of a launch, and the addresses for state.json."""

    edge: str
    units: Sequence[Unit]
    steps: Sequence[LaunchStep] = ()
    postgres_url: str | None = None
    redis_url: str | None = None
    admin_environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: Sequence[str] = ()


class StartError(Exception):
    """A unit or a step could not start.

    Args:
        lines: the last lines of its log.
    """

    def __init__(self, name: str, reason: str, lines: Sequence[str] = ()) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.lines = lines
