"""`python -m todochat_release FOLDER` builds a release into a folder, checks and lists it.

Each part has a subfolder, which is replaced. `FOLDER/SHA256SUMS` is the list for `sha256sum --check`.
"""

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from todochat_release.images import Images
from todochat_release.manifests import Manifests
from todochat_release.npm_packages import NpmPackages
from todochat_release.publication import Engine, Publication
from todochat_release.tools import ReleaseError, Tools, UnavailableError
from todochat_release.trial import TryFile
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


@dataclass
class Release:
    """The result of a release build.

    Attributes:
        files: the files of all parts, checked.
        missing: why this machine can't build or check a part, by the part's name.
    """

    files: list[Path] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def make_release(
    tools: Tools, folder: Path, parts: Sequence[Part], left_out: Collection[str] = ()
) -> Release:
    """Build and check the parts, and write SHA256SUMS.

    Args:
        left_out: names of parts that the release doesn't have.
    """
    made = Release()
    (folder / SUMS).unlink(missing_ok=True)
    for part in parts:
        target = folder / part.name
        shutil.rmtree(target, ignore_errors=True)
        if part.name in left_out:
            continue
        target.mkdir(parents=True)
        try:
            files = part.build(tools, target)
            with TemporaryDirectory(prefix=f"todochat-{part.name}-") as scratch:
                part.check(tools, files, Path(scratch))
        except UnavailableError as error:
            made.missing[part.name] = str(error)
            shutil.rmtree(target)
        else:
            made.files += files
    lines = [f"{digest_of(file)}  {file.relative_to(folder)}\n" for file in made.files]
    (folder / SUMS).write_text("".join(lines))
    return made


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def all_parts(options: argparse.Namespace) -> list[Part]:
    """Return the parts of a release; the last two need the first ones' files."""
    published = Publication(options.registry, options.version)
    engine = Engine(options.engine, options.compose.split())
    return [
        Wheels(),
        NpmPackages(),
        Images(published, engine),
        TryFile(published, engine, options.override),
        Manifests(published),
    ]


def main() -> int:
    """Run the program; return its exit code: 2 if a part is missing."""
    parser = argparse.ArgumentParser(prog="todochat_release", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", required=True, help="tag of the images")
    parser.add_argument("--registry", default="", help="prefix of the images, with a slash")
    parser.add_argument("--engine", default="docker", help="docker or podman")
    parser.add_argument("--compose", default="docker compose", help="the command of its Compose")
    parser.add_argument("--override", default="", help="file of Compose for the check of try.yaml")
    parser.add_argument("--without", default="", help="parts that the release doesn't have")
    options = parser.parse_args()
    folder = options.folder.resolve()
    tools = Tools(os.environ, sys.executable)  # noqa: TID251 - the only read
    try:
        made = make_release(tools, folder, all_parts(options), options.without.split())
    except ReleaseError as error:
        sys.stderr.write(f"release-check: {error}\n")
        return 1
    for file in made.files:
        size = file.stat().st_size / 1024
        sys.stdout.write(f"{size:9.1f} kB  {digest_of(file)}  {file.relative_to(folder)}\n")
    total = sum(file.stat().st_size for file in made.files) / 1024
    sys.stdout.write(f"{total:9.1f} kB in {len(made.files)} files; {folder / SUMS}\n")
    for name, reason in made.missing.items():
        sys.stderr.write(f"release-check: NOT BUILT: {name}: {reason}\n")
    if made.missing:
        names = " ".join(made.missing)
        sys.stderr.write(f"release-check: incomplete; WITHOUT='{names}' omits them on purpose\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
