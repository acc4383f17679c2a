"""The files of a release, built for tests."""

import fcntl
import os
import sys
from pathlib import Path

from todochat_local.site_build import Frontend
from todochat_release.npm_packages import FRONTEND, NpmPackages
from todochat_release.tools import Tools

TOOLS = Tools(os.environ, sys.executable)


def pack_packages(folder: Path) -> list[Path]:
    """Write the tarballs of the npm packages into a folder; build stale packages first."""
    frontend = Frontend(FRONTEND, {})
    with frontend.lock.open("wb") as lock:  # the launcher of another test may be building, too
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A package that is built again makes the site outdated.
        rebuild = not frontend.is_current()
        return NpmPackages(rebuild=rebuild).build(TOOLS, folder)
