"""The code of the previous release, from the repository's history, ready to run."""

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Final

from deploy_kit import ROOT

SOURCES: Final = ("packages", "services", "deploy/local", "deploy/caddy")
MIGRATION: Final = re.compile(rb"/migrations/versions/[^/]+\.py$", re.MULTILINE)
TIMEOUT_S: Final = 60


def git(*arguments: str) -> bytes | None:
    """Return git's output; None if there is no git or no history."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def former_commit() -> str | None:
    """Return the last release; without one, the commit before the newest migration."""
    release = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^")
    if release:
        return release.decode().strip()
    # No path is named: a file that has only moved would count as added.
    added = git("log", "--diff-filter=A", "-M", "--name-only", "--format=%x00%H") or b""
    for commit in added.split(b"\0"):
        if MIGRATION.search(commit):
            newest = commit.split(b"\n", 1)[0].decode()
            before = git("rev-parse", "--verify", "--quiet", f"{newest}^")
            return before.decode().strip() if before else None
    return None


def unpack(commit: str, folder: Path) -> list[str]:
    """Extract a commit's code into a folder and return the command that is its `todochat`.

    Its dependencies are those of this environment; our packages come from the commit.
    """
    present = git("ls-tree", "--name-only", commit, "--", *SOURCES)
    assert present is not None, commit
    archive = git("archive", "--format=tar", commit, "--", *present.decode().split())
    assert archive is not None, commit
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder / "code", filter="data")
    environment = folder / "environment"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        check=True,
        timeout=TIMEOUT_S,
    )
    sources = [path for top in SOURCES for path in sorted((folder / "code").glob(f"{top}/**/src"))]
    # A path in a .pth file is searched, but the .pth files in it, which name the current code, are
    # not read.
    paths = [*map(str, sources), sysconfig.get_path("purelib")]
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "former.pth").write_text("\n".join(paths) + "\n")
    (environment / "bin/caddy").symlink_to(Path(sysconfig.get_path("scripts")) / "caddy")
    python = str(environment / "bin/python")
    found = subprocess.run(
        [
            python,
            "-c",
            "import todochat, todo_agent; print(todochat.__file__, todo_agent.__file__)",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert all(path.startswith(str(folder)) for path in found.stdout.split()), found.stdout
    return [python, "-m", "todochat_local"]
