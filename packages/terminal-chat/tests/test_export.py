"""`todochat export` against a deployment that responds, rejects and truncates."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_deployment import USER, FakeDeployment

from terminal_chat.export import ExportOptions, run_export
from terminal_chat.sign_in import ClientContext

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
    """Run `todochat export` in this process and return its exit code."""

    def run(file: Path, *, force: bool = False, **environ: str) -> int:
        ada = {"TODOCHAT_EMAIL": "ada@example.com", "TODOCHAT_PASSWORD": "secret"}
        context = ClientContext(
            url=deployment.url,
            account_key=deployment.url,
            config_dir=tmp_path / "config",
            environ=environ or ada,
        )
        return run_export(ExportOptions(file=file, force=force, context=context))

    return run


def test_document_joins_the_parts_of_all_services(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"

    code = export(file)

    assert code == 0
    assert json.loads(file.read_text()) == {name: {"part": name} for name in PARTS}


def test_document_is_readable_by_its_owner_only(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"

    export(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "response", ["{}", {"status": 503, "detail": "Not now."}, {"status": 404, "detail": "No."}]
)
@pytest.mark.parametrize("part", PARTS)
def test_failed_export_leaves_no_file(
    export: Export,
    deployment: FakeDeployment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    part: str,
    response: Any,
) -> None:
    deployment.documents[PARTS[part]] = response
    folder = tmp_path / "here"
    folder.mkdir()

    code = export(folder / "me.json")

    assert code == 1
    assert list(folder.iterdir()) == []
    assert capsys.readouterr().err.startswith("todochat: ")


def test_failed_export_keeps_the_existing_file(
    export: Export, deployment: FakeDeployment, tmp_path: Path
) -> None:
    file = tmp_path / "me.json"
    export(file)
    before = file.read_text()
    deployment.documents[PARTS["chat"]] = "{}"

    code = export(file, force=True)

    assert code == 1
    assert file.read_text() == before


def test_existing_file_is_overwritten_only_with_force(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "me.json"
    file.write_text("precious")

    refused = export(file)
    kept = file.read_text()
    forced = export(file, force=True)

    assert (refused, kept, forced) == (1, "precious", 0)
    assert file.read_text() != "precious"


def test_unwritable_folder_is_reported_in_one_line(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = export(tmp_path / "nowhere" / "me.json")

    assert code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_export_creates_no_account(
    export: Export, deployment: FakeDeployment, tmp_path: Path
) -> None:
    code = export(tmp_path / "me.json", TZ="Europe/Berlin")

    assert code == 1
    assert deployment.count("POST /api/auth/sign-up") == 0
