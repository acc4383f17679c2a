"""The machine's Chromium or Chrome; where there is none, one is installed.

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
# In order; the first that leaves a browser behind is enough.
DEBIAN: Final = (
    ("apt-get", "update"),
    ("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"),
)
PLAYWRIGHTS_OWN: Final = (
    (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"),
)


class NoBrowserError(Exception):
    """There is no browser, and none can be installed; says what to do."""


def find_browser(environ: Mapping[str, str]) -> str | None:
    """Return the path of a browser that is installed.

    Raises:
        NoBrowserError: CHROME_PATH names something that isn't there.
    """
    named = environ.get(CHROME_PATH)
    if named:
        if not os.access(named, os.X_OK):
            msg = f"{CHROME_PATH}={named} is no program"
            raise NoBrowserError(msg)
        return named
    found = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    apps = (str(Path(app).expanduser()) for app in MAC_APPS)
    candidates = [*found, *(app for app in apps if os.access(app, os.X_OK))]
    return next((path for path in candidates if path), None)


def ensure_browser(environ: Mapping[str, str], playwrights_own: str) -> str:
    """Return the path of a browser, after installing one if need be.

    Args:
        playwrights_own: where Playwright puts the Chromium that it downloads.

    Raises:
        NoBrowserError: there is none and none can be had.
    """
    with _one_at_a_time():
        found = find_browser(environ)
        if found is None and Path(playwrights_own).exists():
            found = playwrights_own
        if found:
            return found
        said = []
        is_debian = shutil.which("apt-get", path=environ.get("PATH")) is not None
        if is_debian and os.geteuid() == 0:
            said.append(_run(DEBIAN, environ))
            found = find_browser(environ)
        if found is None:
            said.append(_run(PLAYWRIGHTS_OWN, environ))
            found = find_browser(environ) or _installed(playwrights_own)
    if found is None:
        lines = [
            "The browser tests need Chromium or Chrome, and none could be installed. Install one",
            "(Debian: apt-get install chromium; macOS: brew install --cask google-chrome)",
            f"or say where one is: {CHROME_PATH}=/path/to/chrome. What was tried:",
            *(f"- {words}" for words in said),
        ]
        raise NoBrowserError("\n".join(lines))
    return found


def _installed(playwrights_own: str) -> str | None:
    if Path(playwrights_own).exists():
        return playwrights_own
    # `--only-shell` puts a smaller build of it beside the place of the whole one.
    home = Path(playwrights_own).parents[2]
    shells = sorted(home.glob("chromium_headless_shell-*/*/*headless*shell*"))
    return str(shells[-1]) if shells else None


def _run(commands: tuple[tuple[str, ...], ...], environ: Mapping[str, str]) -> str:
    """Run commands up to the first that fails, and return what to say about it."""
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
    """Return the line that says why: Node and apt write more after it."""
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
