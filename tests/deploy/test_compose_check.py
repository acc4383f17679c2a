"""`make compose-check` knows which builder it has. Its steps need a real engine."""

from pathlib import Path

import pytest

from compose_check.engine_kit import Engine
from compose_check.image_kit import STAND_INS

OF_BUILDKIT = ("--mount", "--chmod", "--link", "--parents", "<<")


@pytest.mark.parametrize(
    ("value", "has_buildkit"),
    [(None, True), ("1", True), ("", True), ("0", False), ("false", False)],
)
def test_the_environment_can_turn_buildkit_off(
    value: str | None, has_buildkit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ntest "$*" = "buildx version"\n', encoding="utf-8")
    docker.chmod(0o700)
    monkeypatch.delenv("DOCKER_BUILDKIT", raising=False)
    if value is not None:
        monkeypatch.setenv("DOCKER_BUILDKIT", value)

    engine = Engine(str(docker), (str(docker), "compose"), "a Docker with buildx")

    assert engine.can_build_with_secrets() == has_buildkit


def test_the_stand_ins_need_no_buildkit() -> None:
    for dockerfile in STAND_INS.glob("*/Dockerfile"):
        lines = dockerfile.read_text(encoding="utf-8").splitlines()
        instructions = " ".join(line for line in lines if not line.startswith("#"))

        assert not [each for each in OF_BUILDKIT if each in instructions], dockerfile
