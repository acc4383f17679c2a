"""A real worker, its model server and its tasks service."""

from worker_fixtures import *  # noqa: F403
