"""A detached launcher reports its failure."""

from pathlib import Path

import pytest

from todochat_local import up
from todochat_local.plan import UpOptions


def test_unexpected_error_is_printed_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build_plan(*_arguments: object) -> None:
        raise LookupError("no such unit")

    monkeypatch.setattr(up, "build_plan", build_plan)
    options = UpOptions(
        data_dir=tmp_path / "data", port=None, workers=1, gateways=1, reload=False, environ={}
    )

    code = up.run_detached(options)

    assert code == 1
    assert "failed: LookupError('no such unit')" in capsys.readouterr().out
    assert "Traceback" in (tmp_path / "data" / "logs" / "launcher.log").read_text()
