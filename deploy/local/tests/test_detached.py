"""A launcher without a terminal says why it ends."""

from pathlib import Path

import pytest

from todochat_local import detached
from todochat_local.options import UpOptions


def test_a_mistake_of_the_launcher_is_told_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build_plan(*_arguments: object) -> None:
        raise LookupError("no such unit")

    monkeypatch.setattr(detached, "build_plan", build_plan)
    options = UpOptions(
        data_dir=tmp_path / "data", port=None, workers=1, gateways=1, reload=False, environ={}
    )

    code = detached.run_detached(options)

    assert code == 1
    assert "gave up: LookupError('no such unit')" in capsys.readouterr().out
    assert "Traceback" in (tmp_path / "data" / "logs" / "launcher.log").read_text()
