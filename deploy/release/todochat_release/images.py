"""The images: an archive, their digests, and an SBOM of each."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from todochat_release.image_archive import check_archive, write_archive
from todochat_release.image_sbom import sbom_of
from todochat_release.publication import (
    DIGESTS,
    ENGINE_TIMEOUT_S,
    NAMES,
    Engine,
    Publication,
)  # fmt: skip
from todochat_release.registry import Store, serve_registry
from todochat_release.tools import ROOT, Tools


class Images:
    """The five images, built by `make images`.

    The digests are those that a registry gets from `docker push`. So the engine pushes the images to
    one that belongs to this program.
    """

    name: Final = "images"

    def __init__(self, published: Publication, engine: Engine) -> None:
        self._published = published
        self._engine = engine

    def build(self, tools: Tools, folder: Path) -> list[Path]:
        """Build the images and write the archive, the digests and the SBOMs."""
        self._engine.require(tools)
        published = self._published
        # BASE and INDEX are in MAKEFLAGS.
        names = (f"REGISTRY={published.registry}", f"VERSION={published.version}")
        make = ("make", "--no-print-directory", "images", f"ENGINE={self._engine.program}")
        tools.run([*make, *names], cwd=ROOT, timeout_s=ENGINE_TIMEOUT_S)
        archive = published.archive(folder.parent)
        with TemporaryDirectory(prefix="todochat-registry-") as blobs:
            store = self._push(tools, Path(blobs))
            digests = {each: store.manifests[f"{each}:{published.version}"] for each in NAMES}
            images = {published.tagged(each): digests[each] for each in NAMES}
            write_archive(store, images, archive)
        lines = [f"{name}@{digest}\n" for name, digest in images.items()]
        (folder / DIGESTS).write_text("".join(lines))
        files = [archive, folder / DIGESTS]
        for image in NAMES:
            files.append(folder / f"{image}.cdx.json")
            sbom = sbom_of(tools, self._engine, published, image, digests[image])
            files[-1].write_text(json.dumps(sbom, indent=1))
        return files

    def _push(self, tools: Tools, blobs: Path) -> Store:
        insecure = ["--tls-verify=false"] if self._engine.program == "podman" else []
        with serve_registry(blobs) as (address, store):
            for image in NAMES:
                copy = f"{address}/{image}:{self._published.version}"
                self._engine.run(tools, "tag", self._published.tagged(image), copy)
                try:
                    self._engine.run(tools, "push", *insecure, copy)
                finally:
                    self._engine.run(tools, "rmi", copy)
        return store

    def check(self, _tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        """Check every hash in the archive, and each image's version and user.

        `TryFile` starts the images from the archive.
        """
        archive = files[0]
        digests = self._published.digests(archive.parents[1])
        images = {self._published.tagged(each): digest for each, digest in digests.items()}
        check_archive(archive, images, self._published.version, scratch)
