"""Explains a failed seed."""

from chaos.seed_run import SeedResult


def explain(result: SeedResult) -> str:
    """Return the violations, the schedule, and the command that repeats the seed."""
    wrong = "\n".join(f"  {violation}" for violation in result.violations)
    again = f"make chaos N=1 SEED={result.history.seed}"
    return f"{wrong}\nschedule:\n{result.schedule.describe()}\nrepeat with: {again}"
