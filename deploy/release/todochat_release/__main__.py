"""`python -m todochat_release FOLDER` builds a release into a folder, checks and lists it.

Each part has a subfolder, which is replaced. `FOLDER/SHA256SUMS` is the list for `sha256sum --check`.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from todochat_release.npm_packages import NpmPackages
from todochat_release.tools import ReleaseError, Tools
from todochat_release.wheels import Wheels

SUMS: Final = "SHA256SUMS"


class Part(Protocol):
    """A kind of files of a release, for example images."""

    @property
    def name(self) -> str:
        """Return the name of its subfolder."""

    def build(self, tools: Tools, folder: Path) -> list[Path]:
        """Write the files into an empty folder and return them."""

    def check(self, tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        """Use the files like those who download them; raise ReleaseError if that fails.

        Args:
            scratch: an empty folder, deleted afterwards.
        """


PARTS: Final[Sequence[Part]] = (Wheels(), NpmPackages())


def make_release(tools: Tools, folder: Path, parts: Sequence[Part]) -> list[Path]:
    """Build and check all parts, write SHA256SUMS, and return the files."""
    made: list[Path] = []
    (folder / SUMS).unlink(missing_ok=True)
    for part in parts:
        target = folder / part.name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        files = part.build(tools, target)
        with TemporaryDirectory(prefix=f"todochat-{part.name}-") as scratch:
            part.check(tools, files, Path(scratch))
        made += files
    lines = [f"{digest_of(file)}  {file.relative_to(folder)}\n" for file in made]
    (folder / SUMS).write_text("".join(lines))
    return made


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main() -> int:
    """Run the program; return its exit code."""
    folder = Path(sys.argv[1]).resolve()
    try:
        files = make_release(Tools(os.environ, sys.executable), folder, PARTS)  # noqa: TID251 - the only read
    except ReleaseError as error:
        sys.stderr.write(f"release-check: {error}\n")
        return 1
    for file in files:
        size = file.stat().st_size / 1024
        name = file.relative_to(folder)
        sys.stdout.write(f"{size:9.1f} kB  {digest_of(file)}  {name}\n")
    total = sum(file.stat().st_size for file in files) / 1024
    sys.stdout.write(f"{total:9.1f} kB in {len(files)} files; {folder / SUMS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
