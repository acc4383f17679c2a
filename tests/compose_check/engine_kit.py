"""The container engine and the Compose that this machine has."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

COMMAND_TIMEOUT_S: Final = 300
BUILD_TIMEOUT_S: Final = 3600
# Reads `env_file` with `required`.
OLDEST_COMPOSE: Final = (2, 24)
OLDEST_PODMAN_COMPOSE: Final = (1, 3)
# Docker reads `start_interval`, Podman waits for the health of a container.
OLDEST_ENGINE: Final = {"docker": (25, 0), "podman": (4, 6)}
# Values of DOCKER_BUILDKIT that Docker reads as false.
CLASSIC_BUILDER: Final = ("0", "f", "F", "false", "False", "FALSE")


class CommandError(Exception):
    """A command failed; has its output."""


def run(
    command: Sequence[str],
    *,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout_s: float = COMMAND_TIMEOUT_S,
) -> str:
    """Run a command and return its output.

    Args:
        given: its standard input.

    Raises:
        CommandError: it failed.
    """
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, input=given, env=environment,
        cwd=folder, timeout=timeout_s,
    )  # fmt: skip
    if done.returncode != 0:
        output = (done.stdout + done.stderr)[-4000:]
        msg = f"exit code {done.returncode}: {' '.join(command)}\n{output}"
        raise CommandError(msg)
    return done.stdout


@dataclass(frozen=True)
class Engine:
    """A container engine with its Compose.

    Attributes:
        program: `docker` or `podman`.
        compose: the command of its Compose.
        description: the versions, for the report.
    """

    program: str
    compose: tuple[str, ...]
    description: str

    def __call__(self, *arguments: str, given: str | None = None) -> str:
        """Run a command of the engine and return its output."""
        return run([self.program, *arguments], given=given).strip()

    def inspect(self, *names: str) -> list[dict[str, Any]]:
        """Return the engine's description of containers or images."""
        found: list[dict[str, Any]] = json.loads(self("inspect", *names)) if names else []
        return found

    def has_image(self, image: str) -> bool:
        """Return whether an image is on the host."""
        return _succeeds([self.program, "image", "inspect", image])

    def pull(self, image: str) -> bool:
        """Pull an image unless it exists; return whether it is on the host."""
        return self.has_image(image) or _succeeds([self.program, "pull", "--quiet", image])

    def build(self, folder: Path, dockerfile: Path, tag: str, *options: str) -> None:
        """Build an image from a folder, in a format that has health checks."""
        command = [self.program, "build", "--quiet", "--file", str(dockerfile), "--tag", tag]
        command += ["--format", "docker"] if self.program == "podman" else []
        run([*command, *options, str(folder)], timeout_s=BUILD_TIMEOUT_S)

    def can_build_with_secrets(self) -> bool:
        """Return whether `build` supports the Dockerfiles' `RUN --mount` (Docker: BuildKit).

        Docker without buildx, or with DOCKER_BUILDKIT=0, uses its classic builder.
        """
        if self.program == "podman":
            return True
        is_classic = os.environ.get("DOCKER_BUILDKIT", "") in CLASSIC_BUILDER
        return not is_classic and _succeeds([self.program, "buildx", "version"])


def find_engine() -> Engine:
    """Return the first usable engine: Docker, then Podman.

    Raises:
        CommandError: there is none, or its Compose is missing or too old.
    """
    problems = []
    for program in ("docker", "podman"):
        if shutil.which(program) is None:
            problems.append(f"{program} is not installed")
        elif not _succeeds([program, "info"]):
            problems.append(f"{program} has no running engine, or you have no access to it")
        else:
            version = run([program, "version", "--format", "{{.Server.Version}}"]).strip()
            _require(f"{program} {version}", OLDEST_ENGINE[program])
            compose, compose_version = _find_compose(program)
            return Engine(program, compose, f"{program} {version}, {compose_version}")
    raise CommandError("; ".join(problems))


def _find_compose(program: str) -> tuple[tuple[str, ...], str]:
    candidates: list[tuple[str, ...]] = [(program, "compose")]
    candidates += [("docker-compose",)] if program == "docker" else [("podman-compose",)]
    for command in candidates:
        if shutil.which(command[0]) is None or not _succeeds([*command, "version"]):
            continue
        lines = run([*command, "version"])
        is_podmans = "podman-compose" in lines
        match = re.search(r"\d+\.\d+[\w.+-]*", lines)
        version = f"{' '.join(command)} {match[0] if match else '0.0'}"
        _require(version, OLDEST_PODMAN_COMPOSE if is_podmans else OLDEST_COMPOSE)
        return command, version
    msg = f"{program} has no Compose: install its plugin or {candidates[-1][0]}"
    raise CommandError(msg)


def _require(program: str, oldest: tuple[int, int]) -> None:
    name, _, version = program.rpartition(" ")
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) < oldest:
        msg = f"{name} is {version}; compose.yaml needs {oldest[0]}.{oldest[1]} or newer"
        raise CommandError(msg)


def _succeeds(command: Sequence[str]) -> bool:
    try:
        run(command)
    except (CommandError, subprocess.TimeoutExpired):
        return False
    return True
