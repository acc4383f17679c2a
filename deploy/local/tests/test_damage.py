"""Power loss and a full disk: empty files, damaged files, failing writes."""

import os
import signal
from pathlib import Path

import pytest
from local_kit import Launch, eventually, held

from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.default_plan import build_plan
from todochat_local.lock import end_leftovers
from todochat_local.plan import UpOptions
from todochat_local.port import PortBook
from todochat_local.secret_store import SecretStore
from todochat_local.state import read_state
from todochat_local.status import show_status

damaged = pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\0", b"\xff\xfe", b'{"postgres": 2', b"[]"]
)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


@damaged
def test_damaged_record_is_removed_and_reported(data: DataDir, content: bytes) -> None:
    record = data.run / "postgres.pid"
    record.write_bytes(content)

    messages = list(end_leftovers(data))

    assert len(messages) == 1
    assert f"{record} is damaged" in messages[0]
    assert not record.exists()


@damaged
def test_damaged_ports_are_replaced_and_reported(data: DataDir, content: bytes) -> None:
    data.ports.write_bytes(content)
    elsewhere = {"REDIS_URL": "redis://cache/0"}

    plan = build_plan(UpOptions(data_dir=data.path, environ=elsewhere), data)

    assert f"{data.ports} is damaged: all ports are new" in plan.notes
    assert PortBook(data).notes == []


@pytest.mark.parametrize("port", ["0", "-5", "70000", '"8001"', "null"])
def test_invalid_port_is_replaced(data: DataDir, port: str) -> None:
    data.ports.write_text(f'{{"tasks": {port}, "valkey": 20001}}')

    assert 0 < PortBook(data).pick("tasks") < 65_536


@damaged
def test_damaged_state_is_reported_by_status(
    data: DataDir, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    data.state.write_bytes(content)
    data.lock.write_text("123\n")

    with held(data):
        code = show_status(data, as_json=False)

    assert (code, read_state(data)) == (1, None)
    assert "state.json is damaged" in capsys.readouterr().out


@damaged
def test_damaged_secrets_are_not_replaced(data: DataDir, content: bytes) -> None:
    data.secrets.write_bytes(content)

    with pytest.raises(DataDirError, match=r"secrets\.json is damaged"):
        SecretStore.load(data)

    assert data.secrets.read_bytes() == content


def test_secrets_are_synced_before_use(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))

    SecretStore.load(data)

    assert synced == [data.secrets.stat().st_ino, data.path.stat().st_ino]


def test_stack_keeps_running_when_state_cannot_be_written(launch: Launch) -> None:
    launch.start_until_ready("ok")
    before = launch.pid_of("service-1")
    (launch.data.path / "state.json.new").mkdir()  # as good as a full disk

    os.kill(before, signal.SIGKILL)

    eventually(lambda: "service-1            running again" in launch.text)
    assert f"can't write {launch.data.state}: " in launch.text
    (launch.data.path / "state.json.new").rmdir()
    os.kill(int((launch.data.run / "service-1.pid").read_text().split()[0]), signal.SIGKILL)
    eventually(lambda: launch.pid_of("service-1") not in {0, before})


def test_launch_on_a_full_disk_reports_the_error(launch: Launch) -> None:
    launch.data.path.mkdir()
    launch.data.lock.touch()
    (launch.data.path / "ports.json.new").mkdir()

    process = launch.start("ok")

    assert process.wait(10) == 1
    assert f"can't use {launch.data.ports}.new: " in launch.text
    assert "Traceback" not in launch.text
