"""The SBOM of an image: what a program inside of it finds installed, as CycloneDX."""

import json
from collections.abc import Iterator
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from todochat_release.publication import Engine, Publication
from todochat_release.tools import ROOT, ReleaseError, Tools

FRONTEND: Final = ROOT / "frontend"
SPECIFICATION: Final = SchemaVersion.V1_6
# Prints lists of [type, name, version]: Debian's packages, Python and its packages, Caddy.
PROBE: Final = """
import glob, importlib.metadata, json, platform, re, shutil, subprocess, sys
found = [["generic", "python", platform.python_version()]]
for entry in open("/var/lib/dpkg/status", encoding="utf-8").read().split("\\n\\n"):
    fields = dict(re.findall(r"^(Package|Version|Status): (.*)$", entry, re.MULTILINE))
    if fields.get("Status", "").endswith(" installed"):
        found.append(["deb", fields["Package"], fields["Version"]])
paths = [*sys.path, "/opt/todochat", *glob.glob("/opt/venv/lib/python*/site-packages")]
for each in importlib.metadata.distributions(path=list(dict.fromkeys(paths))):
    found.append(["pypi", each.metadata["Name"].lower().replace("_", "-"), each.version])
if caddy := shutil.which("caddy"):
    version = subprocess.run([caddy, "version"], capture_output=True, text=True, check=True).stdout
    found.append(["generic", "caddy", version.split()[0]])
print(json.dumps(found))
"""
# What every image has to have, and what only the edge or the services have.
EXPECTED: Final = {("deb", "libc6"), ("generic", "python")}
EXPECTED_OF_EDGE: Final = {("generic", "caddy"), ("npm", "preact")}
EXPECTED_OF_SERVICES: Final = {("pypi", "todochat"), ("pypi", "litestar")}


def sbom_of(
    tools: Tools, engine: Engine, published: Publication, image: str, digest: str
) -> dict[str, Any]:
    """Return the components of an image.

    Raises:
        ReleaseError: an expected component is missing, or the result isn't valid CycloneDX.
    """
    components = sorted(
        components_of(tools, engine, published, image), key=lambda each: each["purl"]
    )
    urls = [PackageURL.from_string(each["purl"]) for each in components]
    expected = EXPECTED | (EXPECTED_OF_EDGE if image == "edge" else EXPECTED_OF_SERVICES)
    missing = sorted(expected - {(url.type, url.name) for url in urls})
    name = published.name(image)
    subject = {
        "type": "container",
        "name": name,
        "version": published.version,
        "purl": PackageURL("oci", None, image, digest, {"tag": published.version}).to_string(),
    }
    sbom = {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION.to_version(),
        "version": 1,
        "metadata": {"component": subject},
        "components": components,
    }
    problem = JsonStrictValidator(SPECIFICATION).validate_str(json.dumps(sbom))
    if missing or problem:
        msg = f"the SBOM of {name}: {f'without {missing}' if missing else str(problem)[:500]}"
        raise ReleaseError(msg)
    return sbom


def components_of(
    tools: Tools, engine: Engine, published: Publication, image: str
) -> Iterator[dict[str, Any]]:
    """Return what is installed in an image; for the edge also what the site is built from."""
    program = ("--rm", "--network", "none", "--entrypoint", "python3", published.tagged(image))
    printed = json.loads(engine.run(tools, "run", *program, "-c", PROBE))
    for kind, name, version in sorted(set(map(tuple, printed))):
        namespace = "debian" if kind == "deb" else None
        purl = PackageURL(kind, namespace, name, version).to_string()
        yield {"type": "library", "name": name, "version": version, "purl": purl}
    if image == "edge":
        # The site's bundles contain development dependencies, too.
        lock = ("--package-lock-only", "--loglevel", "error")
        found = json.loads(tools.npm("sbom", "--sbom-format", "cyclonedx", *lock, cwd=FRONTEND))
        for each in found["components"]:
            wanted = ("type", "group", "name", "version", "purl", "licenses", "hashes")
            yield {key: each[key] for key in wanted if key in each}
