"""The names of a release's images, and the engine that has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from todochat_release.tools import ROOT, ReleaseError, Tools, UnavailableError

NAMES: Final = ("auth-session", "tasks", "todo-agent", "chat-gateway", "edge")
DIGESTS: Final = "digests.txt"
ENGINE_TIMEOUT_S: Final = 3600


@dataclass(frozen=True)
class Publication:
    """The names under which the images are published.

    Attributes:
        registry: ends with a slash, for example `registry.example.com/`; empty: Docker Hub.
    """

    registry: str
    version: str

    def name(self, image: str) -> str:
        """Return an image's name without its tag."""
        return f"{self.registry}todochat/{image}"

    def tagged(self, image: str) -> str:
        """Return an image's name with its tag, as `docker push` needs it."""
        return f"{self.name(image)}:{self.version}"

    def archive(self, release: Path) -> Path:
        """Return the archive of the images in a release's folder."""
        return release / "images" / f"todochat-images-{self.version}.tar"

    def digests(self, release: Path) -> dict[str, str]:
        """Return the digests of a release's images.

        Raises:
            UnavailableError: the images weren't built.
        """
        file = release / "images" / DIGESTS
        if not file.exists():
            msg = "it needs the images, which aren't built"
            raise UnavailableError(msg)
        found = dict(line.split("@") for line in file.read_text().splitlines())
        return {image: found[self.tagged(image)] for image in NAMES}


@dataclass(frozen=True)
class Engine:
    """The container engine that builds and runs images.

    Attributes:
        program: `docker` or `podman`.
        compose: the command of its Compose.
    """

    program: str
    compose: Sequence[str]

    def run(self, tools: Tools, *arguments: str) -> str:
        """Run a command of the engine and return its output."""
        return tools.run([self.program, *arguments], cwd=ROOT, timeout_s=ENGINE_TIMEOUT_S)

    def require(self, tools: Tools) -> None:
        """Raise UnavailableError if the engine doesn't respond."""
        try:
            self.run(tools, "info")
        except ReleaseError as error:
            msg = f"no container engine: {str(error).splitlines()[-1]}"
            raise UnavailableError(msg) from error
