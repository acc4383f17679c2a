"""The published form of the npm packages: what a stranger installs."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from release_kit import TOOLS, pack_packages
from todochat_release.npm_packages import FRONTEND, PACKAGES, NpmPackages

MAX_TARBALL_KB = {"resumable-fetch": 20, "open-chatkit": 800}

by_package = pytest.mark.parametrize("name", PACKAGES)


def manifest(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FRONTEND / "packages" / name / "package.json").read_text())
    return found


@pytest.fixture(scope="module")
def tarballs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return pack_packages(tmp_path_factory.mktemp("tarballs"))


@by_package
def test_package_can_be_published_and_brings_only_types(name: str) -> None:
    package = manifest(name)

    assert "private" not in package
    assert package["license"] == "Apache-2.0"
    assert package["files"] == ["dist"]
    assert set(package.get("dependencies", {})) <= {"@openai/chatkit"}
    assert package["exports"]["."]["types"] == "./dist/index.d.ts"


@by_package
def test_package_has_the_license_and_explains_how_to_install_it(name: str) -> None:
    folder = FRONTEND / "packages" / name
    readme = (folder / "README.md").read_text()

    assert (folder / "LICENSE").read_bytes() == (FRONTEND.parent / "LICENSE").read_bytes()
    assert f"npm install {name}" in readme
    # npm shows the README alone.
    assert re.findall(r"\]\((?!https://)([^)]*)\)", readme) == []


@pytest.mark.slow  # builds and packs
@pytest.mark.timeout(900)
def test_tarballs_contain_the_build_and_nothing_else(tarballs: list[Path]) -> None:
    for tarball in tarballs:
        name = tarball.name.removesuffix(f"-{manifest('open-chatkit')['version']}.tgz")
        with tarfile.open(tarball) as archive:
            files = {member.name.removeprefix("package/") for member in archive}
        roots = {"LICENSE", "README.md", "package.json", "dist/THIRD-PARTY-LICENSES.md"}

        assert roots | {"dist/index.d.ts"} <= files
        assert {each for each in files - roots if not each.startswith("dist/")} == set()
        assert {
            each for each in files if re.search(r"\.map$|test|\.tsx?$(?<!\.d\.ts)", each)
        } == set()
        assert tarball.stat().st_size < MAX_TARBALL_KB[name] * 1024


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_packages_install_and_work_in_an_empty_project(
    tarballs: list[Path], tmp_path: Path
) -> None:
    NpmPackages().check(TOOLS, tarballs, tmp_path)
