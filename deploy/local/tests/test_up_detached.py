"""A detached launcher reports its failure."""

import os
import sys
from pathlib import Path

import pytest

from todochat_local.detach import start_detached
from todochat_local.plan import UpOptions

FAILING = """
import sys
from todochat_local import up
def build_plan(*arguments):
    raise LookupError("no such unit")
up.build_plan = build_plan
sys.exit(up.launch(sys.argv[1:], {}))
"""


def test_unexpected_error_is_printed_and_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = UpOptions(data_dir=tmp_path / "data", environ={})

    code = start_detached([sys.executable, "-c", FAILING, options.encode()], dict(os.environ))

    assert code == 1
    assert "failed: LookupError('no such unit')" in capsys.readouterr().out
    assert "Traceback" in (tmp_path / "data" / "logs" / "launcher.log").read_text()


def test_unusable_data_directory_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").touch()
    options = UpOptions(data_dir=tmp_path, environ={})

    code = start_detached([sys.executable, "-c", FAILING, options.encode()], dict(os.environ))

    assert code == 1
    assert "holds files that are not todochat's" in capsys.readouterr().out


def test_launcher_gets_the_options_of_the_command_line() -> None:
    options = UpOptions(
        data_dir=Path("\udce9t\u00e9/data"),
        port=0,
        workers=2,
        gateways=3,
        reload=True,
        environ={"A": "1"},
    )

    assert UpOptions.decode(options.encode(), {"A": "1"}) == options
