"""`make chaos N=200 [SEED=1]`: kill, stop and freeze processes; check that nothing is lost."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from chaos.agents import entry_of
from chaos.campaign import run_seeds
from chaos.explain import explain
from chaos.report import Figures
from chaos.seed_run import SeedResult


def main() -> int:
    """Run the seeds of the command line; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first one")
    parser.add_argument("--logs", type=Path, help="keep the logs of the stacks in this folder")
    parser.add_argument("--failures", type=int, default=10, help="stop after so many failed seeds")
    try:
        return asyncio.run(_run(parser.parse_args()))
    except asyncio.CancelledError:
        return 1


async def _run(options: argparse.Namespace) -> int:
    task = asyncio.current_task()
    if task is not None:  # like Ctrl-C: stop the stack, print the figures
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    figures, began = Figures(), time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    try:
        async for result in run_seeds(seeds, options.logs):
            figures.add(result)
            _print_result(result)
            if len(figures.failed_seeds) >= options.failures:
                break
    finally:  # also for the seeds before an interruption
        minutes = (time.monotonic() - began) / 60
        print(f"\n{figures.table()}\n\n{figures.seeds} seeds in {minutes:.0f} minutes", flush=True)
    if figures.failed_seeds:
        print(f"failed: {', '.join(map(str, figures.failed_seeds))}")
    return 1 if figures.failed_seeds else 0


def _print_result(result: SeedResult) -> None:
    history = result.history
    faults = ", ".join(fault.kind for fault in history.faults) or "no fault came to pass"
    verdict = "ok" if not result.violations else "FAILED"
    seed = f"seed {history.seed} on {entry_of(history.seed)}"
    print(f"{seed}: {verdict} in {result.took_s:.1f} s ({faults})", flush=True)
    if result.violations:
        print(explain(result), flush=True)


if __name__ == "__main__":
    sys.exit(main())
