"""The files of a release: versions, the list, and wheels in a new environment."""

import gzip
import hashlib
import json
import os
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import yaml

from deploy_kit import program
from release_kit import TOOLS
from todochat_release.__main__ import Part, main, make_release
from todochat_release.image_archive import check_archive, write_archive
from todochat_release.images import Images
from todochat_release.manifests import Manifests
from todochat_release.publication import NAMES, Engine, Publication
from todochat_release.registry import serve_registry
from todochat_release.tools import ROOT, ReleaseError, Tools
from todochat_release.trial import TryFile
from todochat_release.wheels import Wheels

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
KUSTOMIZE = program("deploy/kubernetes/render.py")["kustomize"]()
FRONTEND = (".", "app", "packages/open-chatkit", "packages/resumable-fetch")
# Defaults of images and manifests.
TAG = re.compile(
    r"TODOCHAT_VERSION:-([\w.]+)\}|newTag: ([\w.]+)|^ARG VERSION=([\w.]+)", re.MULTILINE
)


class Letter:
    """A part with one file."""

    name = "letters"

    def __init__(self, *, is_readable: bool = True) -> None:
        self._is_readable = is_readable

    def build(self, tools: Tools, folder: Path) -> list[Path]:
        letter = folder / "a.txt"
        letter.write_text("a")
        return [letter]

    def check(self, tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        if not self._is_readable:
            raise ReleaseError("unreadable")


def test_all_packages_have_the_version_of_the_workspace() -> None:
    members = [
        tomllib.loads(path.read_text())["project"]
        for folder in ("packages", "services", "deploy")
        for path in ROOT.glob(f"{folder}/*/pyproject.toml")
    ]
    npm = [json.loads((ROOT / "frontend" / each / "package.json").read_text()) for each in FRONTEND]

    assert len(members) > 8
    assert {each["name"]: each["version"] for each in [*members, *npm]} == {
        each["name"]: VERSION for each in [*members, *npm]
    }


def test_images_and_manifests_have_the_version_of_the_workspace() -> None:
    files = [ROOT / "deploy/compose/compose.yaml", *ROOT.glob("deploy/docker/*.Dockerfile")]
    files += ROOT.glob("deploy/kubernetes/overlays/*/images/kustomization.yaml")
    tags = ["".join(found) for file in files for found in TAG.findall(file.read_text())]

    assert len(tags) > 10
    assert set(tags) == {VERSION}


def test_release_is_listed_with_digests_and_replaces_the_last_one(tmp_path: Path) -> None:
    stale = tmp_path / "letters" / "b.txt"
    stale.parent.mkdir()
    stale.write_text("b")

    made = make_release(TOOLS, tmp_path, [Letter()])

    assert made.files == [tmp_path / "letters/a.txt"]
    assert not stale.exists()
    digest = hashlib.sha256(b"a").hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  letters/a.txt\n"


def test_failed_check_leaves_no_list(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="unreadable"):
        make_release(TOOLS, tmp_path, [Letter(), Letter(is_readable=False)])

    assert not (tmp_path / "SHA256SUMS").exists()


def test_part_that_this_machine_cant_build_is_missing_until_it_is_omitted(tmp_path: Path) -> None:
    published = Publication("", VERSION)
    parts: list[Part] = [
        Letter(),
        Images(published, Engine("no-such-engine", ())),
        Manifests(published),
    ]

    made = make_release(TOOLS, tmp_path, parts)
    omitted = make_release(TOOLS, tmp_path, parts, ["images", "manifests"])

    assert made.missing == {
        "images": "no container engine: no-such-engine is not installed",
        "manifests": "it needs the images, which aren't built",
    }
    assert omitted.missing == {}
    assert made.files == omitted.files == [tmp_path / "letters/a.txt"]
    assert not (tmp_path / "images").exists()


def test_incomplete_release_fails_and_names_the_missing_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--version", VERSION, "--engine", "no-such-engine", "--without", "wheels npm"]
    monkeypatch.setattr(sys, "argv", ["todochat_release", str(tmp_path), *options])

    assert main() == 2

    errors = capsys.readouterr().err
    assert "NOT BUILT: images: no container engine: no-such-engine is not installed" in errors
    assert "WITHOUT='images try manifests' omits them on purpose" in errors


def test_pushed_image_is_archived_with_the_digest_of_its_registry(tmp_path: Path) -> None:
    (blobs := tmp_path / "blobs").mkdir()
    with serve_registry(blobs) as (address, store):
        digest = push(f"http://{address}/v2/tasks", "0.1.0", user="10001")
        write_archive(store, {"todochat/tasks:0.1.0": digest}, tmp_path / "images.tar")
        pulled = httpx.get(f"http://{address}/v2/tasks/manifests/{digest}")

    assert store.manifests == {"tasks:0.1.0": digest}
    assert f"sha256:{hashlib.sha256(pulled.content).hexdigest()}" == digest
    with tarfile.open(tmp_path / "images.tar") as archive:
        names = set(archive.getnames())
        archive.extract("manifest.json", tmp_path, filter="data")
    (image,) = json.loads((tmp_path / "manifest.json").read_text())
    assert image["RepoTags"] == ["todochat/tasks:0.1.0"]
    assert names > {image["Config"], *image["Layers"]}
    expected = {"todochat/tasks:0.1.0": digest}
    check_archive(tmp_path / "images.tar", expected, "0.1.0", tmp_path / "checked")
    with pytest.raises(ReleaseError, match=r"is version 0\.1\.0"):
        check_archive(tmp_path / "images.tar", expected, "0.2.0", tmp_path / "other")


def test_image_that_runs_as_root_is_no_release(tmp_path: Path) -> None:
    (blobs := tmp_path / "blobs").mkdir()
    with serve_registry(blobs) as (address, store):
        images = {"todochat/tasks:0.1.0": push(f"http://{address}/v2/tasks", "0.1.0", user="")}
        write_archive(store, images, tmp_path / "images.tar")

    with pytest.raises(ReleaseError, match="for the user ''"):
        check_archive(tmp_path / "images.tar", images, "0.1.0", tmp_path / "checked")


def push(repository: str, tag: str, *, user: str) -> str:
    """Push an image of one layer like an engine: in chunks; return the digest of its manifest."""
    layer = b"a tar archive"
    labels = {"org.opencontainers.image.version": tag}
    contents = [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    image = {"config": {"Labels": labels, "User": user}, "rootfs": {"diff_ids": contents}}
    parts = []
    for blob in (json.dumps(image).encode(), gzip.compress(layer)):
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        url = httpx.URL(repository)
        upload = url.join(httpx.post(f"{repository}/blobs/uploads/").headers["Location"])
        chunks = iter([blob[:7], blob[7:]])
        sent = httpx.patch(upload, content=chunks)
        location = url.join(sent.headers["Location"])
        assert httpx.put(location, params={"digest": "sha256:0"}).status_code == 400
        upload = url.join(httpx.post(f"{repository}/blobs/uploads/").headers["Location"])
        httpx.patch(upload, content=blob)
        httpx.put(upload, params={"digest": digest}).raise_for_status()
        parts.append({"digest": digest})
    manifest = {"config": parts[0], "layers": parts[1:]}
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    answer = httpx.put(
        f"{repository}/manifests/{tag}", json=manifest, headers={"Content-Type": manifest_type}
    )
    digest = answer.headers["Docker-Content-Digest"]
    assert httpx.head(f"{repository}/manifests/{tag}").headers["Docker-Content-Digest"] == digest
    return str(digest)


@pytest.fixture
def published(tmp_path: Path) -> Publication:
    """A release in `tmp_path` whose images have been built."""
    published = Publication("registry.example.com/", "0.2.0")
    (tmp_path / "images").mkdir()
    lines = [f"{published.tagged(name)}@sha256:{index:064}\n" for index, name in enumerate(NAMES)]
    (tmp_path / "images/digests.txt").write_text("".join(lines))
    return published


def test_published_file_for_trying_names_the_published_images(
    tmp_path: Path, published: Publication
) -> None:
    (tmp_path / "try").mkdir()

    (file,) = TryFile(published, Engine("docker", ()), "").build(TOOLS, tmp_path / "try")

    images = {each["image"] for each in yaml.safe_load(file.read_text())["services"].values()}
    version, registry = "${TODOCHAT_VERSION:-0.2.0}", "${TODOCHAT_REGISTRY:-registry.example.com/}"
    ours = {image for image in images if "todochat/" in image}
    assert ours == {f"{registry}todochat/{name}:{version}" for name in NAMES}
    assert all("@sha256:" in image for image in images - ours)


def test_published_manifests_name_the_images_by_digest(
    tmp_path: Path, published: Publication
) -> None:
    (tmp_path / "manifests").mkdir()
    manifests = Manifests(published)

    files = manifests.build(TOOLS, tmp_path / "manifests")

    with tarfile.open(files[0]) as archive:
        archive.extractall(tmp_path / "extracted", filter="data")
    folder = tmp_path / "extracted/todochat-kubernetes"
    assert os.access(folder / "apply.sh", os.X_OK)
    for overlay in ("production", "dev"):
        component = (folder / "overlays" / overlay / "images/kustomization.yaml").read_text()
        named = {each["name"]: each for each in yaml.safe_load(component)["images"]}
        assert named["todochat/tasks"] == {
            "name": "todochat/tasks",
            "newName": "registry.example.com/todochat/tasks",
            "digest": f"sha256:{1:064}",
        }
        assert len(named) == len(NAMES)


@pytest.mark.slow  # validates 80 objects twice
@pytest.mark.skipif(KUSTOMIZE is None, reason="this machine has no kubectl")
def test_published_manifests_render_only_images_with_these_digests(
    tmp_path: Path, published: Publication
) -> None:
    made = make_release(TOOLS, tmp_path, [Manifests(published)])
    assert made.missing == {}

    (tmp_path / "images/digests.txt").write_text(
        (tmp_path / "images/digests.txt").read_text().replace(f"{1:064}", f"{9:064}")
    )
    with pytest.raises(ReleaseError, match="the release has"):
        Manifests(published).check(TOOLS, made.files, tmp_path / "again")


@pytest.mark.slow  # installs all dependencies
@pytest.mark.timeout(900)
def test_wheels_install_in_a_new_environment(tmp_path: Path) -> None:
    files = make_release(TOOLS, tmp_path, [Wheels()]).files

    assert {file.name.split("-")[1] for file in files} == {VERSION}
    (launcher,) = [file for file in files if file.name.startswith("todochat_local-")]
    with zipfile.ZipFile(launcher) as wheel:
        assert "todochat_local/caddy/Caddyfile" in wheel.namelist()
