"""Commands in messages can be typed as printed."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from todochat_local import hint as hints
from todochat_local.data_dir import DataDir
from todochat_local.hint import hint_for
from todochat_local.service_units import caddy_dir
from todochat_local.shell_command import shell_command

PROGRAM = Path(sysconfig.get_path("scripts")) / "todochat"
HERE = DataDir(Path(".todochat"))


def test_program_on_the_path_is_named_todochat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(PROGRAM.parent))

    assert shell_command("down", HERE) == "todochat down"


def test_program_below_the_current_folder_has_a_relative_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.chdir(PROGRAM.parents[2])

    messages = shell_command("down", DataDir(Path(".todochat")))

    assert messages == f"{PROGRAM.parent.parent.name}/bin/todochat down"


def test_another_todochat_on_the_path_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "todochat"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert shell_command("down", DataDir(Path(".todochat"))) == f"{PROGRAM} down"


def test_printed_command_runs_and_has_the_same_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    data = DataDir(tmp_path / "my data")

    done = subprocess.run(
        shell_command("status", data), shell=True, check=False, capture_output=True, text=True
    )

    assert done.stdout == f"no stack is running ({data.path})\n"


def test_hints_name_the_command_and_the_data_directory(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    lines = ["database files are incompatible with server", "Can't locate revision x", "?"]

    messages = [hint_for([line], data) for line in lines]

    assert shell_command("reset", data) in messages[0]
    assert shell_command("reset", data) in messages[1]
    assert messages[2] == f"`{shell_command('doctor', data)}` checks this machine"


def test_no_message_has_a_hard_coded_command() -> None:
    sources = Path(hints.__file__).parent.rglob("*.py")
    texts = {path: without_docstrings(path.read_text()) for path in sources}
    page = (caddy_dir() / "site" / "index.html").read_text()

    assert [path for path, text in texts.items() if re.search(r"`todochat \w", text)] == []
    assert re.findall(r"[^/]todochat (?:chat|status|logs)", page) == []


def without_docstrings(text: str) -> str:
    return re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
