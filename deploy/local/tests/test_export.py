"""`todochat export` against a deployment that answers, refuses and breaks off."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_deployment import USER, FakeDeployment

from todochat_local.chat.export import ExportOptions, run_export

PARTS = {
    "account": "/api/auth/me/export",
    "tasks": f"/api/{USER}/export",
    "chat": f"/api/{USER}/chat/export",
}
Export = Callable[..., int]


@pytest.fixture
def deployment() -> Iterator[FakeDeployment]:
    deployment = FakeDeployment()
    deployment.accounts["ada@example.com"] = "secret"
    deployment.documents = {path: {"part": name} for name, path in PARTS.items()}
    yield deployment
    deployment.close()


@pytest.fixture
def export(deployment: FakeDeployment, tmp_path: Path) -> Export:
    """Run `todochat export` in this process; returns its exit code."""

    def run(file: Path, *, force: bool = False, **environ: str) -> int:
        ada = {"TODOCHAT_EMAIL": "ada@example.com", "TODOCHAT_PASSWORD": "secret"}
        return run_export(
            ExportOptions(
                file=file,
                url=deployment.url,
                data_dir=tmp_path,
                force=force,
                environ={"XDG_CONFIG_HOME": str(tmp_path / "config"), **(environ or ada)},
            )
        )

    return run


def test_the_parts_of_all_services_become_one_document(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"

    code = export(file)

    assert code == 0
    assert json.loads(file.read_text()) == {name: {"part": name} for name in PARTS}


def test_nobody_else_may_read_it(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"

    export(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "answer", ["{}", {"status": 503, "detail": "Not now."}, {"status": 404, "detail": "No."}]
)
@pytest.mark.parametrize("part", PARTS)
def test_an_export_that_fails_leaves_nothing(
    export: Export,
    deployment: FakeDeployment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    part: str,
    answer: Any,
) -> None:
    deployment.documents[PARTS[part]] = answer
    folder = tmp_path / "here"
    folder.mkdir()

    code = export(folder / "me.json")

    assert code == 1
    assert list(folder.iterdir()) == []
    assert capsys.readouterr().err.startswith("todochat: ")


def test_an_export_that_fails_keeps_the_one_before(
    export: Export, deployment: FakeDeployment, tmp_path: Path
) -> None:
    file = tmp_path / "me.json"
    export(file)
    before = file.read_text()
    deployment.documents[PARTS["chat"]] = "{}"

    code = export(file, force=True)

    assert code == 1
    assert file.read_text() == before


def test_a_file_that_is_there_is_replaced_only_by_force(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"
    file.write_text("precious")

    refused = export(file)
    kept = file.read_text()
    forced = export(file, force=True)

    assert (refused, kept, forced) == (1, "precious", 0)
    assert file.read_text() != "precious"


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = export(tmp_path / "nowhere" / "me.json")

    assert code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_who_never_signed_in_gets_no_new_account(
    export: Export, deployment: FakeDeployment, tmp_path: Path
) -> None:
    code = export(tmp_path / "me.json", TZ="Europe/Berlin")

    assert code == 1
    assert deployment.count("POST /api/auth/sign-up") == 0
