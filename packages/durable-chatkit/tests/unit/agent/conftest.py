"""The context of a run, without a worker."""

from run_fixtures import *  # noqa: F403
