"""Commands that we tell people to type, as they can type them."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from todochat_local import hint as hints
from todochat_local.hint import hint_for
from todochat_local.layout import DataDir
from todochat_local.service_units import caddy_dir
from todochat_local.spelling import typed

PROGRAM = Path(sysconfig.get_path("scripts")) / "todochat"
HERE = DataDir(Path(".todochat"))


def test_a_program_that_is_on_the_path_is_called_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(PROGRAM.parent))

    assert typed("down", HERE) == "todochat down"


def test_below_the_current_folder_it_is_called_by_its_path_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.chdir(PROGRAM.parents[2])

    said = typed("down", DataDir(Path(".todochat")))

    assert said == f"{PROGRAM.parent.parent.name}/bin/todochat down"


def test_another_todochat_on_the_path_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "todochat"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert typed("down", DataDir(Path(".todochat"))) == f"{PROGRAM} down"


def test_what_is_said_can_be_typed_and_means_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    data = DataDir(tmp_path / "my data")

    done = subprocess.run(
        typed("status", data), shell=True, check=False, capture_output=True, text=True
    )

    assert done.stdout == f"nothing runs ({data.path})\n"


def test_hints_name_the_command_and_the_data(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    lines = ["database files are incompatible with server", "Can't locate revision x", "?"]

    said = [hint_for([line], data) for line in lines]

    assert typed("reset", data) in said[0]
    assert typed("reset", data) in said[1]
    assert said[2] == f"`{typed('doctor', data)}` checks this machine"


def test_no_text_names_a_command_that_may_not_be_found() -> None:
    sources = Path(hints.__file__).parent.rglob("*.py")
    texts = {path: _without_docstrings(path.read_text()) for path in sources}
    page = (caddy_dir() / "site" / "index.html").read_text()

    assert [path for path, text in texts.items() if re.search(r"`todochat \w", text)] == []
    assert re.findall(r"[^/]todochat (?:chat|status|logs)", page) == []


def _without_docstrings(text: str) -> str:
    return re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
