"""What to print of a seed that failed."""

from chaos.seed_run import SeedResult


def explain(result: SeedResult) -> str:
    """Return what went wrong, the schedule, and how to repeat it."""
    wrong = "\n".join(f"  {violation}" for violation in result.violations)
    again = f"make chaos N=1 SEED={result.history.seed}"
    return f"{wrong}\nschedule:\n{result.schedule.describe()}\nrepeat with: {again}"
