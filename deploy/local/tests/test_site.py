"""The web site is built if necessary; a failed build never stops a start."""

import asyncio
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from todochat_local import node
from todochat_local.child import ChildSpec
from todochat_local.data_dir import DataDir
from todochat_local.node import NodeError, find_node
from todochat_local.plan import StartError
from todochat_local.shell_command import shell_command
from todochat_local.site_build import Frontend, served_site, site_step, will_build


class FakeNpm:
    """Fakes npm: records the programs and writes their output."""

    def __init__(self, frontend: Frontend, *, fails: str = "") -> None:
        self.frontend = frontend
        self.ran: list[str] = []
        self._fails = fails

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        assert timeout_s > 0
        self.ran.append(spec.name)
        await asyncio.sleep(0)
        if spec.name == self._fails:
            raise StartError(spec.name, "failed (exit code 1)", ["no network"])
        if spec.name == "site-build":
            write_site(self.frontend, spec.env)


def write_site(frontend: Frontend, environ: Mapping[str, str]) -> None:
    """Write the output of `npm run build`."""
    (frontend.out / ".edge").mkdir(parents=True, exist_ok=True)
    (frontend.out / "index.html").write_text("the site")
    settings = {name: value for name, value in environ.items() if name.startswith("NEXT_PUBLIC_")}
    (frontend.out / ".edge" / "settings.json").write_text(json.dumps(settings))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A PATH with a recent Node.js."""
    return {"PATH": str(tools(tmp_path / "bin", "v24.1.0"))}


def tools(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("node", "npm"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "app" / "src").mkdir(parents=True)
    (folder / "app" / "src" / "page.tsx").write_text("page")
    packages = {"": {}, "node_modules/react": {"version": "19.0.0"}}
    (folder / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return folder


@pytest.fixture
def plain_page(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "index.html").write_text("plain")
    return folder


class Launches:
    """Consecutive launches on the same sources."""

    def __init__(self, data: DataDir, plain_page: Path, sources: Path) -> None:
        self.data = data
        self.plain_page = plain_page
        self.sources = sources

    async def start(self, environ: Mapping[str, str], *, fails: str = "") -> tuple[str, list[str]]:
        """Return the summary and the programs that ran."""
        frontend = Frontend(self.sources, environ)
        npm = FakeNpm(frontend, fails=fails)
        step = site_step(self.data, self.plain_page, frontend, environ)
        return await step.action(npm), npm.ran

    @property
    def served(self) -> str:
        return (served_site(self.data) / "index.html").read_text()


@pytest.fixture
def launches(data: DataDir, plain_page: Path, sources: Path) -> Launches:
    return Launches(data, plain_page, sources)


async def test_second_start_does_not_rebuild_the_site(
    launches: Launches, environ: dict[str, str]
) -> None:
    first = await launches.start(environ)
    second = await launches.start(environ)

    assert first == ("built", ["site-packages", "site-build"])
    assert second == ("", [])
    assert launches.served == "the site"


async def test_changed_source_or_setting_rebuilds_the_site(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    await launches.start(environ)
    page = sources / "app" / "src" / "page.tsx"
    later = page.stat().st_mtime + 60
    os.utime(page, (later, later))

    assert will_build(Frontend(sources, environ), environ)
    assert "site-build" in (await launches.start(environ))[1]
    os.utime(page, (0, 0))
    elsewhere = {**environ, "NEXT_PUBLIC_API_URL": "https://api.example.com"}
    assert "site-build" in (await launches.start(elsewhere))[1]
    assert (await launches.start(elsewhere))[1] == []


async def test_build_output_is_no_source_but_the_chat_component_is(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    await launches.start(environ)
    future = (sources / "package-lock.json").stat().st_mtime + 60
    for made in (
        "app/.next/x.js",
        "app/next-env.d.ts",
        "node_modules/react/index.js",
        "packages/resumable-fetch/dist/x",
    ):
        (sources / made).parent.mkdir(parents=True, exist_ok=True)
        (sources / made).write_text("made")
        os.utime(sources / made, (future, future))

    assert (await launches.start(environ))[1] == []
    element = sources / "packages" / "open-chatkit" / "dist" / "chatkit.js"
    element.parent.mkdir(parents=True)
    element.write_text("element")
    os.utime(element, (future, future))
    assert "site-build" in (await launches.start(environ))[1]


async def test_running_stack_keeps_its_pages_during_a_build(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    await launches.start(environ)
    (sources / "app" / "out" / "index.html").write_text("half of the next site")

    assert launches.served == "the site"
    await launches.start(environ)
    assert launches.served == "half of the next site"


async def test_packages_are_installed_only_if_they_differ_from_the_lock(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    notes = sources / "node_modules" / ".package-lock.json"
    notes.parent.mkdir()
    notes.write_text(json.dumps({"packages": {"node_modules/react": {"version": "19.0.0"}}}))

    assert (await launches.start(environ))[1] == ["site-build"]


async def test_failed_build_serves_the_plain_page_and_reports_the_reason(
    launches: Launches, environ: dict[str, str]
) -> None:
    summary, _ = await launches.start(environ, fails="site-packages")

    assert summary == (
        "the plain page, because the build failed: npm failed (exit code 1); "
        f"see `{shell_command('logs', launches.data)} site-packages`"
    )
    assert launches.served == "plain"


async def test_failed_build_serves_an_older_build(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    await launches.start(environ)
    os.utime(sources / "package-lock.json", (2**32, 2**32))

    summary, _ = await launches.start(environ, fails="site-build")

    assert summary.startswith("an older build, because the build failed: npm failed")
    assert launches.served == "the site"


async def test_plain_page_is_served_without_sources_or_on_request(
    launches: Launches, environ: dict[str, str], sources: Path
) -> None:
    requested = await launches.start({**environ, "TODOCHAT_SITE": "plain"})
    (sources / "package-lock.json").unlink()
    no_sources = await launches.start(environ)

    assert requested == ("the plain page (TODOCHAT_SITE=plain)", [])
    assert no_sources == ("the plain page: the sources of the site are missing", [])
    assert launches.served == "plain"


async def test_own_site_is_served_unchanged(
    launches: Launches, environ: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "index.html").write_text("mine")

    summary, ran = await launches.start({**environ, "TODOCHAT_SITE": str(own)})

    assert (summary, ran) == (f"the folder {own} (TODOCHAT_SITE)", [])
    assert launches.served == "mine"


async def test_missing_own_site_stops_the_start(
    launches: Launches, environ: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(StartError, match="is not a folder"):
        await launches.start({**environ, "TODOCHAT_SITE": str(tmp_path / "nowhere")})


async def test_concurrent_launches_build_once(
    data: DataDir, plain_page: Path, sources: Path, environ: dict[str, str]
) -> None:
    frontend = Frontend(sources, environ)
    npm = FakeNpm(frontend)
    step = site_step(data, plain_page, frontend, environ)

    await asyncio.gather(step.action(npm), step.action(npm))

    assert npm.ran == ["site-packages", "site-build"]


def test_old_node_on_the_path_is_skipped_for_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "wheel"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "node").touch()
    monkeypatch.setattr(node, "wheel_folder", lambda: wheel)
    old = {"PATH": str(tools(tmp_path / "old", "v18.20.0"))}

    found = find_node(old)

    assert found.npm[0] == str(wheel / "bin" / "node")
    assert found.path(old).split(os.pathsep)[0] == str(wheel / "bin")


def test_missing_node_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "wheel_folder", lambda: None)

    with pytest.raises(NodeError, match=r"found no Node.js 20.19 or newer"):
        find_node({"PATH": "/nowhere"})
