"""An archive of images for `docker load`, with the compressed layers that were pushed."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from todochat_release.registry import Store, digest_of
from todochat_release.tools import ReleaseError

BLOBS: Final = "blobs/sha256"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
NAME_KEY: Final = "io.containerd.image.name"
TAG_KEY: Final = "org.opencontainers.image.ref.name"


def write_archive(store: Store, images: Mapping[str, str], archive: Path) -> None:
    """Write images that were pushed, without times and owners.

    Args:
        images: the digest of each manifest by the image's name with its tag.
    """
    index, loaded, blobs = [], [], set(images.values())
    for name, digest in images.items():
        manifest = store.read(digest)
        parts = [each["digest"] for each in (manifest["config"], *manifest["layers"])]
        blobs.update(parts)
        index.append({
            "mediaType": store.types[digest],
            "digest": digest,
            "size": store.path(digest).stat().st_size,
            "annotations": {NAME_KEY: full_name(name), TAG_KEY: name.rpartition(":")[2]},
        })  # fmt: skip
        config, *layers = [f"{BLOBS}/{each.removeprefix('sha256:')}" for each in parts]
        loaded.append({"Config": config, "RepoTags": [name], "Layers": layers})
    with tarfile.open(archive, "w") as target:
        add_json(target, "oci-layout", {"imageLayoutVersion": "1.0.0"})
        add_json(
            target,
            "index.json",
            {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": index},
        )
        add_json(target, "manifest.json", loaded)
        for digest in sorted(blobs):
            path = store.path(digest)
            member = tarfile.TarInfo(f"{BLOBS}/{path.name}")
            member.size = path.stat().st_size
            with path.open("rb") as content:
                target.addfile(member, content)


def add_json(target: tarfile.TarFile, name: str, content: object) -> None:
    """Add a file of JSON to an archive."""
    encoded = json.dumps(content, indent=1).encode()
    member = tarfile.TarInfo(name)
    member.size = len(encoded)
    target.addfile(member, io.BytesIO(encoded))


def full_name(name: str) -> str:
    """Return a name with the registry that engines assume, as containerd expects it."""
    host = name.partition("/")[0]
    return name if "." in host or ":" in host else f"docker.io/{name}"


def check_archive(archive: Path, images: Mapping[str, str], version: str, scratch: Path) -> None:
    """Check that an archive has images with these digests, and every blob's hash.

    Raises:
        ReleaseError: it differs.
    """
    with tarfile.open(archive) as content:
        content.extractall(scratch, filter="data")
    index = json.loads((scratch / "index.json").read_bytes())
    found = {each["annotations"][NAME_KEY]: each["digest"] for each in index["manifests"]}
    if found != {full_name(name): digest for name, digest in images.items()}:
        msg = f"the archive has {found} instead of {dict(images)}"
        raise ReleaseError(msg)
    store = Store(scratch / BLOBS)
    for blob in sorted(store.folder.iterdir()):
        if digest_of(blob) != f"sha256:{blob.name}":
            msg = f"the blob {blob.name} has another content"
            raise ReleaseError(msg)
    for name, digest in images.items():
        check_image(store, name, digest, version)


def check_image(store: Store, name: str, digest: str, version: str) -> None:
    """Check the layers, the version and the user of an image.

    Raises:
        ReleaseError: a layer isn't that of the configuration, or the image has another version, or
            runs as root.
    """
    manifest = store.read(digest)
    image: dict[str, Any] = store.read(manifest["config"]["digest"])
    contents = []
    for layer in manifest["layers"]:
        with gzip.open(store.path(layer["digest"])) as content:
            hashed = hashlib.file_digest(content, "sha256")
            contents.append(f"sha256:{hashed.hexdigest()}")
    if contents != image["rootfs"]["diff_ids"]:
        msg = f"{name} has other layers than its configuration"
        raise ReleaseError(msg)
    label = image["config"]["Labels"]["org.opencontainers.image.version"]
    user = image["config"]["User"].partition(":")[0]
    if label != version or user in {"", "0", "root"}:
        msg = f"{name} is version {label} for the user {user!r}"
        raise ReleaseError(msg)
