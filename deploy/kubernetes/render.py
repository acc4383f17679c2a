"""Renders the manifests into tests/deploy/rendered for the tests; `make manifests` runs it.

Only changing a manifest requires kubectl, running the tests doesn't. The first line of a rendered
file has a hash of its sources, so that a test detects outdated files.
"""
# ruff: noqa: INP001 - a program, not a package

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RENDERED: Final = ROOT / "tests" / "deploy" / "rendered"
SOURCES: Final = (ROOT / "deploy" / "kubernetes", ROOT / "tests" / "deploy" / "everything")
OLDEST_MAJOR: Final = 5  # of kustomize; included in kubectl since 1.27
_MAJOR: Final = re.compile(r"^(?:Kustomize Version: )?v(\d+)\.", re.MULTILINE)
# Rendered file -> kustomization.
TARGETS: Final = {
    "production": "deploy/kubernetes/overlays/production",
    "production-migrate": "deploy/kubernetes/overlays/production/migrate",
    "dev": "deploy/kubernetes/overlays/dev",
    "dev-migrate": "deploy/kubernetes/overlays/dev/migrate",
    "everything": "tests/deploy/everything",
}


def digest() -> str:
    """Return a hash of the files that kustomize reads."""
    hashed = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".yaml", ".env", ".sh"}:
                name = str(path.relative_to(ROOT))
                hashed.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return hashed.hexdigest()


def header() -> str:
    """Return the first line of a rendered file."""
    return f"# Written by `make manifests` from {digest()[:16]}\n"


def kustomize() -> Sequence[str] | None:
    """Return the render command of kustomize 5 or newer; None if it isn't installed."""
    for command, ask in (
        (["kubectl", "kustomize"], ["kubectl", "version", "--client"]),
        (["kustomize", "build"], ["kustomize", "version"]),
    ):
        if shutil.which(command[0]):
            done = subprocess.run(ask, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - as in `render`
            found = _MAJOR.search(done.stdout)
            if found is not None and int(found[1]) >= OLDEST_MAJOR:
                return command
    return None


def render(command: Sequence[str], target: str) -> str:
    """Return a rendered kustomization."""
    done = subprocess.run(  # noqa: S603 - the operator's program, our arguments
        [*command, str(ROOT / target)], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


def main() -> None:
    """Render all targets."""
    command = kustomize()
    if command is None:
        sys.exit(f"manifests: requires kubectl 1.27, or kustomize {OLDEST_MAJOR}, or newer")
    RENDERED.mkdir(exist_ok=True)
    for name, target in TARGETS.items():
        text = header() + render(command, target)
        (RENDERED / f"{name}.yaml").write_text(text, encoding="utf-8")
    sys.stdout.write(f"manifests: {len(TARGETS)} rendered\n")


if __name__ == "__main__":
    main()
