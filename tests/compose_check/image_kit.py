"""Builds the images, and stand-ins for those that can't be pulled."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from compose_check.engine_kit import BUILD_TIMEOUT_S, CommandError, Engine, run
from compose_kit import project
from deploy_kit import ROOT
from todochat.engines import postgres_install_dir, valkey_server_path

VERSION: Final = "0.1.0"
NEXT_VERSION: Final = "0.1.1"
SERVICES: Final = ("auth-session", "tasks", "todo-agent", "chat-gateway")
IMAGES: Final = (*SERVICES, "edge")
STAND_INS: Final = Path(__file__).with_name("stand_ins")
STAND_IN: Final = "todochat/stand-in-{}"
DOCKER_FOLDER: Final = ROOT / "deploy/docker"
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"


def size_mb(engine: Engine, image: str) -> float:
    """Return the size of all layers."""
    return float(engine("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def build_images(engine: Engine, *, rebuild: bool) -> list[str]:
    """Build the five images unless they exist; return lines for the report."""
    if not rebuild and all(engine.has_image(f"todochat/{name}:{VERSION}") for name in IMAGES):
        return [*sizes(engine), "existing images, not built again"]
    if not engine.can_build_with_secrets():
        build_without_engine(engine)
        return [*sizes(engine), "built with build-here.sh, since Docker has no BuildKit here"]
    official = official_base()
    is_official = engine.pull(official)
    base = official if is_official else make_base(engine)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        index.write_text(_index(is_official=is_official), encoding="utf-8")
        for name in IMAGES:
            dockerfile = "edge.Dockerfile" if name == "edge" else "service.Dockerfile"
            engine.build(
                ROOT, DOCKER_FOLDER / dockerfile, f"todochat/{name}:{VERSION}",
                "--secret", f"id=index,src={index}", "--build-arg", f"BASE={base}",
                "--build-arg", f"VERSION={VERSION}", "--build-arg", f"SERVICE={name}",
            )  # fmt: skip
    return [*sizes(engine), f"base: {base}, {size_mb(engine, base):.0f} MB"]


def tag_next_version(engine: Engine) -> None:
    """Make the images of the next version: the same files, and another label."""
    for name in IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            dockerfile = Path(folder) / "Dockerfile"
            label = f"LABEL org.opencontainers.image.version={NEXT_VERSION}"
            dockerfile.write_text(f"FROM todochat/{name}:{VERSION}\n{label}\n", encoding="utf-8")
            engine.build(Path(folder), dockerfile, f"todochat/{name}:{NEXT_VERSION}")


def store_images(engine: Engine) -> dict[str, str]:
    """Return the stores' services and the images that stand in for theirs, if any had to be built."""
    services = project("compose.yaml").services
    missing = [name for name in ("postgres", "valkey") if not engine.pull(services[name].image)]
    stand_ins = {name: make_stand_in(engine, name) for name in missing}
    if "postgres" in stand_ins:
        stand_ins["backup"] = stand_ins["postgres"]
    return stand_ins


def make_stand_in(engine: Engine, store: str) -> str:
    """Build a store's image from its wheel; return its tag."""
    tag = STAND_IN.format(store) + ":" + VERSION
    base = make_base(engine)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(STAND_INS / store, folder, dirs_exist_ok=True)
        if store == "postgres":
            package = postgres_install_dir().parent
            for source in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(source, folder / source.name, symlinks=True)
        else:
            # Not `COPY --chmod`, which the classic builder lacks.
            Path(shutil.copy(valkey_server_path(), folder / "valkey-server")).chmod(0o755)
        engine.build(folder, folder / "Dockerfile", tag, "--build-arg", f"BASE={base}")
    return tag


def make_base(engine: Engine) -> str:
    """Make a base from Debian's packages unless it exists; return its tag.

    Raises:
        CommandError: debootstrap is missing, or this isn't root.
    """
    tag = STAND_IN.format("base") + ":bookworm"
    if engine.has_image(tag):
        return tag
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/base.tar"
        run([str(DOCKER_FOLDER / "make-base.sh"), archive], timeout_s=BUILD_TIMEOUT_S)
        # Programs in builds trust the authorities that this machine trusts.
        if Path(CERTIFICATES).exists():
            # Engines reject an archive that has a path twice.
            run(["tar", "--delete", "-f", archive, f".{CERTIFICATES}"])
            run(["tar", "-C", "/", "--append", "-f", archive, f".{CERTIFICATES}"])
        path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        engine("import", "--change", f"ENV PATH={path}", archive, tag)
    return tag


def official_base() -> str:
    lines = (DOCKER_FOLDER / "service.Dockerfile").read_text(encoding="utf-8").splitlines()
    (base,) = [line.split()[1] for line in lines if line.endswith(" AS base")]
    return base


def _index(*, is_official: bool) -> str:
    """Return this machine's settings for package indexes, for the build secret."""
    names = ["UV_INDEX_URL", "PIP_INDEX_URL", "npm_config_registry"]
    lines = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    if not is_official:
        certificates = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
        lines += [f"{name}={CERTIFICATES}" for name in certificates]
    return "".join(f"{line}\n" for line in lines)


def build_without_engine(engine: Engine) -> None:
    if shutil.which("buildah") is None:
        msg = "neither docker buildx nor buildah is installed"
        raise CommandError(msg)
    run([str(DOCKER_FOLDER / "build-here.sh")], timeout_s=BUILD_TIMEOUT_S)
    for name in IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            image, archive = f"todochat/{name}:{VERSION}", f"{folder}/{name}.tar"
            run(["buildah", "push", "--quiet", image, f"docker-archive:{archive}:{image}"])
            engine("load", "--input", archive)


def sizes(engine: Engine) -> list[str]:
    return [
        f"todochat/{name}: {size_mb(engine, f'todochat/{name}:{VERSION}'):.0f} MB"
        for name in IMAGES
    ]
