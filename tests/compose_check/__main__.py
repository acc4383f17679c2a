"""`make compose-check`: an operator's work with compose.yaml, on the engine of this machine.

Builds the images, installs as docs/operations/install-compose.md says, then follows the other
pages: HTTPS, PDFs, MCP, e-mail, scaling, crashes, upgrade, rollback, backup, restore, rotation,
erasure, metrics, try.yaml. Each step is reported with its duration, and with what it measured.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx

from compose_check import day_two, image_kit
from compose_check.engine_kit import CommandError, find_engine
from compose_check.first_day import OperatedSystem, chat_offline, install, restrict, use_https
from compose_check.installation import Installation
from compose_check.observation import observe
from compose_check.operations import crash, restart_engine, roll_back, scale, upgrade
from compose_check.product import attach_pdf, remind_by_email, use_mcp
from compose_check.trial import try_file
from compose_check.users import renew

PROJECT: Final = "todochat-check"
LOGS: Final = Path(tempfile.gettempdir()) / f"{PROJECT}.log"
FAILURES: Final = (CommandError, AssertionError, subprocess.TimeoutExpired, httpx.HTTPError)
Step = Callable[[OperatedSystem], Awaitable[str]]
STEPS: Final[tuple[Step, ...]] = (
    install, restrict, chat_offline, use_https, attach_pdf, use_mcp, remind_by_email, scale, crash, upgrade, roll_back,
    day_two.back_up_and_restore, day_two.rotate_signing_keys, day_two.rotate_arrow,
    day_two.rotate_role_passwords, day_two.rotate_store_passwords, day_two.replace_stolen_keys,
    restart_engine, day_two.erase_user, observe, try_file,
)  # fmt: skip


def main() -> int:
    """Run the check; return 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="compose_check", description=__doc__)
    parser.add_argument("--built", action="store_true", help="use existing images")
    parser.add_argument("--restart-engine", default="", help="command that restarts the engine")
    parser.add_argument("--only", default="", help="names of steps after the first one, by commas")
    parser.add_argument("--keep", action="store_true", help="leave it running at the end")
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    if unknown := wanted - {step.__name__ for step in STEPS}:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    try:
        engine = find_engine()
        report("engine", engine.description, began)
        began_images = time.monotonic()
        stand_ins = image_kit.store_images(engine)
        for store in ("postgres", "valkey"):
            what = f"stand-in, the image can't be pulled: {stand_ins.get(store)}"
            report(store, what if store in stand_ins else "official image", began_images)
        lines = image_kit.build_images(engine, rebuild=not options.built)
        image_kit.tag_next_version(engine)
        report("images", "\n".join(lines), began_images)
        with tempfile.TemporaryDirectory(prefix=f"{PROJECT}-") as folder:
            main_installation = Installation(engine, Path(folder) / "main", PROJECT, stand_ins)
            other = Installation(engine, Path(folder) / "other", f"{PROJECT}-restored", stand_ins)
            system = OperatedSystem(main_installation, other, stand_ins, options.restart_engine)
            steps = [each for each in STEPS[1:] if not wanted or each.__name__ in wanted]
            asyncio.run(run_steps(system, [STEPS[0], *steps], keep=options.keep))
    except FAILURES as error:
        print(f"FAILED after {time.monotonic() - began:.0f} s: {error}", flush=True)
        return 1
    report("compose-check", "passed", began)
    return 0


def report(name: str, text: str, began: float) -> None:
    """Print a line of the log: the name, the duration, and what was seen."""
    head, *rest = text.splitlines() or [""]
    print(f"{name.replace('_', ' '):22} {time.monotonic() - began:7.1f} s  {head}", flush=True)
    for line in rest:
        print(f"{'':35}{line}", flush=True)


async def run_steps(system: OperatedSystem, steps: list[Step], *, keep: bool) -> None:
    """Run the steps; at the end remove both installations, and check that nothing is left.

    If a step fails, all containers' logs are kept in LOGS.
    """
    installations = (system.installation, system.other)
    name, began = "", time.monotonic()
    try:
        for step in steps:
            name, began = step.__name__, time.monotonic()
            for person in system.people:
                await renew(person)
            report(name, await step(system), began)
    except FAILURES:
        LOGS.write_text(await system.installation.compose("logs", "--timestamps"))
        report(name, f"failed; the containers' logs are in {LOGS}", began)
        raise
    finally:
        began = time.monotonic()
        for installation in installations:
            if installation.leftovers() and not keep:
                await installation.compose("--profile", "*", "down", "--volumes")
    if not keep:
        left = [name for installation in installations for name in installation.leftovers()]
        assert not left, f"left over after `down --volumes`: {left}"
        report("shut_down", "no container, network or volume is left", began)


if __name__ == "__main__":
    sys.exit(main())
