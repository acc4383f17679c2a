"""Finds the machine's Chromium or Chrome, or installs one.

Playwright drives it through its protocol, so any recent version does, and no browser of
Playwright's own has to be downloaded where the platform has one.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHROME_PATH: Final = "CHROME_PATH"
# Draws pages without windows, for a third of the CPU; shows no notifications.
HEADLESS_SHELL: Final = "chromium-headless-shell"
NAMES: Final = (
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
    "chrome",
    "microsoft-edge",
)
MAC_APPS: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Hundreds of MB from a mirror that may be slow.
INSTALL_TIMEOUT_S: Final = 600
# In order; stops at the first that installs a browser.
DEBIAN: Final = (
    ("apt-get", "update"),
    ("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"),
)
DEBIAN_SHELL: Final = (("apt-get", "install", "-y", "--no-install-recommends", HEADLESS_SHELL),)
PLAYWRIGHTS_OWN: Final = (
    (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"),
)


class NoBrowserError(Exception):
    """There is no browser, and none can be installed; lists the possible fixes."""


def find_browser(environ: Mapping[str, str], *, with_notifications: bool = True) -> str | None:
    """Return the path of an installed browser, a headless shell first if it does.

    Raises:
        NoBrowserError: CHROME_PATH names a missing file.
    """
    named = environ.get(CHROME_PATH)
    if named:
        if not os.access(named, os.X_OK):
            msg = f"{CHROME_PATH}={named} is no program"
            raise NoBrowserError(msg)
        return named
    names = NAMES if with_notifications else (HEADLESS_SHELL, *NAMES)
    found = (shutil.which(name, path=environ.get("PATH")) for name in names)
    apps = (str(Path(app).expanduser()) for app in MAC_APPS)
    candidates = [*found, *(app for app in apps if os.access(app, os.X_OK))]
    return next((path for path in candidates if path), None)


def ensure_browser(
    environ: Mapping[str, str], playwrights_own: str, *, with_notifications: bool = True
) -> str:
    """Return the path of a browser, after installing one if necessary.

    Args:
        playwrights_own: the folder for the Chromium that Playwright downloads.
        with_notifications: False also accepts, and prefers, a headless shell.

    Raises:
        NoBrowserError: there is none, and none can be installed.
    """
    with _one_at_a_time():
        found = find_browser(environ, with_notifications=with_notifications)
        if found is None and Path(playwrights_own).exists():
            found = playwrights_own
        if found:
            return found
        failures = []
        is_debian = shutil.which("apt-get", path=environ.get("PATH")) is not None
        if is_debian and os.geteuid() == 0:
            failures.append(_run(DEBIAN, environ))
            _run(DEBIAN_SHELL, environ)  # only faster, so that it may fail
            found = find_browser(environ, with_notifications=with_notifications)
        if found is None:
            failures.append(_run(PLAYWRIGHTS_OWN, environ))
            found = find_browser(environ) or _installed(playwrights_own)
    if found is None:
        lines = [
            "The browser tests need Chromium or Chrome, and none could be installed. Install one",
            "(Debian: apt-get install chromium; macOS: brew install --cask google-chrome)",
            f"or say where one is: {CHROME_PATH}=/path/to/chrome. What was tried:",
            *(f"- {words}" for words in failures),
        ]
        raise NoBrowserError("\n".join(lines))
    return found


def _installed(playwrights_own: str) -> str | None:
    if Path(playwrights_own).exists():
        return playwrights_own
    # `--only-shell` downloads a smaller build, to another folder.
    home = Path(playwrights_own).parents[2]
    shells = sorted(home.glob("chromium_headless_shell-*/*/*headless*shell*"))
    return str(shells[-1]) if shells else None


def _run(commands: tuple[tuple[str, ...], ...], environ: Mapping[str, str]) -> str:
    """Run commands up to the first that fails, and return a line about it."""
    env = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        print("browser: " + " ".join(command), file=sys.stderr, flush=True)
        try:
            done = subprocess.run(
                command,
                check=False,
                env=env,
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{command[0]}: {error}"
        if done.returncode != 0:
            return f"{' '.join(command)}: {_reason(done)}"
    return f"{commands[-1][0]}: no browser although it succeeded"


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Return the line with the cause: Node and apt write more after it."""
    lines = (done.stderr or done.stdout).strip().splitlines()
    errors = [line for line in lines if re.match(r"E: |(\w+ )?\w*[Ee]rror: ", line)]
    return next(iter(errors or lines[-1:]), f"exit code {done.returncode}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait while another worker of the test run is installing."""
    path = Path(tempfile.gettempdir(), f"todochat-browser-{os.geteuid()}.lock")
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
