"""The Kubernetes manifests, whose overlays name the images of the release by digest."""

import runpy
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from todochat_release.publication import NAMES, Publication
from todochat_release.tools import ROOT, ReleaseError, Tools, UnavailableError

SOURCE: Final = ROOT / "deploy/kubernetes"
FOLDER: Final = "todochat-kubernetes"
PARTS: Final = ("apply.sh", "base", "components", "migrate", "namespace", "overlays")
OVERLAYS: Final = ("production", "dev")
COMPONENT: Final = """\
# The images of the release {version}. Set `newName` to the image's name in your registry.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
"""


class Manifests:
    """The folder `deploy/kubernetes` as an archive."""

    name: Final = "manifests"

    def __init__(self, published: Publication) -> None:
        self._published = published

    def build(self, _tools: Tools, folder: Path) -> list[Path]:
        """Write the archive, with the digests in each overlay's component `images`."""
        published = self._published
        lines = [
            f"  - {{name: todochat/{image}, newName: {published.name(image)}, digest: {digest!r}}}\n"
            for image, digest in published.digests(folder.parent).items()
        ]
        component = COMPONENT.format(version=published.version) + "".join(lines)
        archive = folder / f"{FOLDER}-{published.version}.tar.gz"
        with (
            TemporaryDirectory(prefix="todochat-manifests-") as name,
            tarfile.open(archive, "w:gz") as target,
        ):
            copy = Path(name) / FOLDER
            copy.mkdir()
            for part in PARTS:
                if (SOURCE / part).is_dir():
                    shutil.copytree(SOURCE / part, copy / part)
                else:
                    shutil.copy(SOURCE / part, copy)
            for overlay in OVERLAYS:
                file = copy / "overlays" / overlay / "images/kustomization.yaml"
                file.write_text(component, encoding="utf-8")
            target.add(copy, FOLDER)
        return [archive]

    def check(self, tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        """Render the overlays from the archive and validate every object.

        Raises:
            ReleaseError: an object is invalid, or an image has no digest or another one.
            UnavailableError: kustomize isn't installed.
        """
        kustomize = runpy.run_path(str(SOURCE / "render.py"))["kustomize"]()
        if kustomize is None:
            msg = "the check needs kubectl 1.27, or kustomize 5, or newer"
            raise UnavailableError(msg)
        (archive,) = files
        with tarfile.open(archive) as content:
            content.extractall(scratch, filter="data")
        digests = self._published.digests(archive.parents[1])
        expected = {f"{self._published.name(each)}@{digests[each]}" for each in NAMES}
        used: set[str] = set()
        for overlay in OVERLAYS:
            for folder in (f"overlays/{overlay}/migrate", f"overlays/{overlay}"):
                rendered = tools.run([*kustomize, str(scratch / FOLDER / folder)], cwd=scratch)
                objects = list(yaml.safe_load_all(rendered))
                for each in objects:
                    validate(each)
                used.update(image for each in objects for image in images_of(each))
        ours = {image for image in used if "todochat/" in image}
        loose = {image for image in used if "@sha256:" not in image}
        if ours != expected or loose:
            msg = f"the manifests name {sorted(used)}, the release has {sorted(expected)}"
            raise ReleaseError(msg)


def validate(found: Any) -> None:
    """Validate an object against the schemas of the newest version of Kubernetes.

    Raises:
        ReleaseError: it is invalid.
    """
    import kubernetes_validate  # type: ignore[import-untyped]  # noqa: PLC0415 - takes seconds

    try:
        kubernetes_validate.validate(found, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        msg = f"{found['kind']} {found['metadata']['name']}: {error.message}"
        raise ReleaseError(msg) from error


def images_of(value: Any) -> Iterator[str]:
    """Return all images in a part of an object."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "image" and isinstance(each, str):
                yield each
            else:
                yield from images_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from images_of(each)
