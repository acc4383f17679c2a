"""`todochat chat` and `todochat export` find the local stack or the deployment at --url."""

from pathlib import Path

import pytest
from local_kit import held
from typer.testing import CliRunner

from todochat_local.chat_target import chat_target
from todochat_local.cli import app
from todochat_local.data_dir import DataDir


def test_chat_without_a_running_stack_prints_how_to_start_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["chat", "hi", "--data-dir", str(tmp_path)], obj={})

    assert result.exit_code == 1
    assert " up --data-dir " in result.stderr


@pytest.mark.parametrize("url", ["https://chat.example.com", "https://chat.example.com/"])
def test_url_identifies_the_account(tmp_path: Path, url: str) -> None:
    target = chat_target(url, DataDir(tmp_path), {"XDG_CONFIG_HOME": str(tmp_path)})

    assert target.url == target.account_key == "https://chat.example.com"
    assert target.config_dir == tmp_path / "todochat"


def test_chat_with_a_starting_stack_prints_how_to_see_when_it_is_ready(
    tmp_path: Path,
) -> None:
    data = DataDir(tmp_path / "data")
    data.prepare()
    data.lock.write_text("123\n")
    with held(data):
        result = CliRunner().invoke(app, ["chat", "hi", "--data-dir", str(data.path)], obj={})

    assert result.exit_code == 1
    assert " status --data-dir " in result.stderr
    assert "starts it" not in result.stderr
