"""The context of a run outside of a worker."""

from run_fixtures import *  # noqa: F403
