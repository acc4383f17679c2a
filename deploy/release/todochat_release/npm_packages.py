"""The npm packages: packed as `npm publish` would, and used like a stranger uses them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from todochat_release.tools import ROOT, ReleaseError, Tools

FRONTEND: Final = ROOT / "frontend"
PACKAGES: Final = ("resumable-fetch", "open-chatkit")
# Everything that the packages export, as a page uses it.
PAGE: Final = """
import { OpenChatKitElement, TAG, define, type DomWidget } from "open-chatkit";
import { createResumableFetch, type RunRef } from "resumable-fetch";

const stars: DomWidget = {
  mount: (host, { node }) => {
    host.textContent = "*".repeat(Number(node.count));
    return undefined;
  },
};
define();
void OpenChatKitElement.registerWidget("Stars", stars);
const chat = document.querySelector("openai-chatkit");
const onRun = (run: RunRef): string => run.runId;
const url = "https://chat.example.com/api/usr_1/chat";
chat?.setOptions({ api: { url, domainKey: TAG, fetch: createResumableFetch({ url, onRun }) } });
"""
SERVER: Final = 'for (const name of ["open-chatkit", "resumable-fetch"]) await import(name);'
# Without skipLibCheck, tsc also checks the packages' declarations. ChatKit's own have imports that
# node16 rejects.
RESOLUTIONS: Final = (
    ("--moduleResolution", "bundler", "--module", "esnext"),
    ("--moduleResolution", "node16", "--module", "node16", "--skipLibCheck"),
)


class NpmPackages:
    """The packages of `frontend/packages` that pages install.

    Args:
        rebuild: whether to build them before they are packed.
    """

    name: Final = "npm"

    def __init__(self, *, rebuild: bool = True) -> None:
        self._rebuild = rebuild

    def build(self, tools: Tools, folder: Path) -> list[Path]:
        """Write a tarball of each package into a folder."""
        workspaces = [f"--workspace=packages/{name}" for name in PACKAGES]
        if self._rebuild:
            tools.npm("run", "build", *workspaces, cwd=FRONTEND)
        tools.npm("run", "declarations", *workspaces, cwd=FRONTEND)
        target = ("--pack-destination", str(folder))
        tools.npm("pack", "--ignore-scripts", *target, *workspaces, cwd=FRONTEND)
        return [next(folder.glob(f"{name}-*.tgz")) for name in PACKAGES]

    def check(self, tools: Tools, tarballs: Sequence[Path], scratch: Path) -> None:
        """Check the tarballs' metadata, then type-check and import them in an empty project."""
        for tarball in tarballs:
            bin_folder = FRONTEND / "node_modules" / ".bin"
            tools.run([str(bin_folder / "publint"), str(tarball), "--strict"], cwd=FRONTEND)
            types = [str(bin_folder / "attw"), str(tarball), "--profile", "esm-only"]
            tools.run(types, cwd=FRONTEND)
        install(tools, tarballs, scratch)
        (scratch / "page.ts").write_text(PAGE)
        tsc = str(FRONTEND / "node_modules" / ".bin" / "tsc")
        for resolution in RESOLUTIONS:
            target = ("--strict", "--noEmit", "--target", "es2022", "--lib", "es2023,dom")
            tools.run([tsc, "page.ts", *resolution, *target], cwd=scratch)
        (scratch / "server.mjs").write_text(SERVER)
        tools.run(["node", "server.mjs"], cwd=scratch)


def install(tools: Tools, tarballs: Sequence[Path], project: Path) -> None:
    """Install tarballs in a new project, offline.

    Their only dependency is the package with ChatKit's types, which is that of our lock.

    Raises:
        ReleaseError: npm failed, or a tarball has another dependency.
    """
    types = "@openai/chatkit"
    locked = project / "chatkit-types"
    shutil.copytree(FRONTEND / "node_modules" / types, locked)
    manifest = {"private": True, "type": "module", "dependencies": {types: f"file:{locked}"}}
    (project / "package.json").write_text(json.dumps(manifest))
    quiet = ("--offline", "--no-audit", "--no-fund", "--silent")
    tools.npm("install", *quiet, *map(str, tarballs), cwd=project)
    names = {path.parent.name for path in (project / "node_modules").glob("*/package.json")}
    if names != set(PACKAGES):
        msg = f"npm has installed {sorted(names)} instead of {sorted(PACKAGES)}"
        raise ReleaseError(msg)
