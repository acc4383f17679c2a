"""`todochat up` with fake services: `launch_with_fakes.py DATA_DIR BEHAVIOR...`.

A separate program, so that a test can kill the launcher like any other process. A behavior is one
of fake_service.py, or `engines` to start PostgreSQL and Valkey, too.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from todochat_local import stack
from todochat_local.child import ChildSpec
from todochat_local.data_dir import DataDir
from todochat_local.default_plan import build_plan
from todochat_local.launcher import Launcher
from todochat_local.plan import LaunchPlan, Unit, UpOptions
from todochat_local.port import PortBook
from todochat_local.probe import HttpProbe
from todochat_local.terminal import Terminal

LIVENESS_S = 1.0
FAKE_SERVICE = Path(__file__).with_name("fake_service.py")


def main() -> int:
    stack.LIVENESS_PERIOD_S = stack.STALLED_GRACE_S = LIVENESS_S  # type: ignore[misc]
    options = UpOptions(data_dir=Path(sys.argv[1]), environ=dict(os.environ))
    terminal = Terminal(1)
    launcher = Launcher(options, plan, write=terminal.write, color=False, show_logs=True)
    code = launcher.run()
    terminal.close()
    return code


def plan(options: UpOptions, data: DataDir) -> LaunchPlan:
    behaviors = sys.argv[2:]
    ports = PortBook(data)
    units = [fake_unit(f"service-{n}", behavior, ports) for n, behavior in enumerate(behaviors, 1)]
    if "engines" not in behaviors:
        ports.save()
        return LaunchPlan(edge="http://localhost:1", units=units)
    whole = build_plan(options, data)
    engines = [unit for unit in whole.units if not unit.service]
    needing = [replace(unit, needs=("postgres", "valkey")) for unit in units]
    steps = [step for step in whole.steps if step.name == "postgres-data"]
    return replace(whole, units=[*engines, *needing], steps=steps)


def fake_unit(name: str, behavior: str, ports: PortBook) -> Unit:
    port = ports.pick(name)
    return Unit(
        spec=ChildSpec(
            name=name,
            command=[sys.executable, str(FAKE_SERVICE), str(port), behavior],
            env={"PATH": os.defpath},
            grace_s=30 if behavior == "stall" else 2,
        ),
        probe=HttpProbe(port),
        liveness=HttpProbe(port, "/health/live", LIVENESS_S) if behavior == "stall" else None,
        service=name,
        url=f"http://127.0.0.1:{port}",
        ready_timeout_s=1 if behavior == "hang" else 30,
    )


if __name__ == "__main__":
    sys.exit(main())
