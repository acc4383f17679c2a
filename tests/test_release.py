"""The files of a release: versions, the list, and wheels in a new environment."""

import hashlib
import json
import re
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from release_kit import TOOLS
from todochat_release.__main__ import make_release
from todochat_release.tools import ROOT, ReleaseError, Tools
from todochat_release.wheels import Wheels

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
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

    files = make_release(TOOLS, tmp_path, [Letter()])

    assert files == [tmp_path / "letters/a.txt"]
    assert not stale.exists()
    digest = hashlib.sha256(b"a").hexdigest()
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  letters/a.txt\n"


def test_failed_check_leaves_no_list(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="unreadable"):
        make_release(TOOLS, tmp_path, [Letter(), Letter(is_readable=False)])

    assert not (tmp_path / "SHA256SUMS").exists()


@pytest.mark.slow  # installs all dependencies
@pytest.mark.timeout(900)
def test_wheels_install_in_a_new_environment(tmp_path: Path) -> None:
    files = make_release(TOOLS, tmp_path, [Wheels()])

    assert {file.name.split("-")[1] for file in files} == {VERSION}
    (launcher,) = [file for file in files if file.name.startswith("todochat_local-")]
    with zipfile.ZipFile(launcher) as wheel:
        assert "todochat_local/caddy/Caddyfile" in wheel.namelist()
