"""`todochat up` with stand-ins for the services: `launch_stand_ins.py DATA_DIR MOOD...`.

A program of its own, so that a test can kill the launcher like any other process. A mood is one
of stand_in.py's, or `engines` to start PostgreSQL and Valkey as well.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from todochat_local import stack
from todochat_local.child import ChildSpec
from todochat_local.default_plan import build_plan
from todochat_local.launcher import Launcher
from todochat_local.layout import DataDir
from todochat_local.options import UpOptions
from todochat_local.plan import Plan, Unit
from todochat_local.port import PortBook
from todochat_local.probe import HttpProbe
from todochat_local.terminal import Terminal

LIVENESS_S = 1.0
STAND_IN = Path(__file__).with_name("stand_in.py")


def main() -> int:
    stack.LIVENESS_PERIOD_S = stack.STALLED_GRACE_S = LIVENESS_S  # type: ignore[misc]
    options = UpOptions(data_dir=Path(sys.argv[1]), environ=dict(os.environ))
    terminal = Terminal(1)
    launcher = Launcher(options, plan, write=terminal.write, colour=False, show_logs=True)
    code = launcher.run()
    terminal.close()
    return code


def plan(options: UpOptions, data: DataDir) -> Plan:
    moods = sys.argv[2:]
    ports = PortBook(data)
    units = [stand_in(f"service-{n}", mood, ports) for n, mood in enumerate(moods, 1)]
    if "engines" not in moods:
        ports.save()
        return Plan(edge="http://localhost:1", units=units)
    whole = build_plan(options, data)
    engines = [unit for unit in whole.units if not unit.service]
    needing = [replace(unit, needs=("postgres", "valkey")) for unit in units]
    steps = [step for step in whole.steps if step.name == "postgres-data"]
    return replace(whole, units=[*engines, *needing], steps=steps)


def stand_in(name: str, mood: str, ports: PortBook) -> Unit:
    port = ports.pick(name)
    return Unit(
        spec=ChildSpec(
            name=name,
            command=[sys.executable, str(STAND_IN), str(port), mood],
            env={"PATH": os.defpath},
            grace_s=30 if mood == "stall" else 2,
        ),
        probe=HttpProbe(port),
        liveness=HttpProbe(port, "/health/live", LIVENESS_S) if mood == "stall" else None,
        service=name,
        url=f"http://127.0.0.1:{port}",
        ready_timeout_s=1 if mood == "hang" else 30,
    )


if __name__ == "__main__":
    sys.exit(main())
