"""Ports are reused and not shared with other launchers."""

import json
import socket
import sys
from pathlib import Path

import pytest

from todochat_local.data_dir import DataDir
from todochat_local.port import PortBook

PORT = 20_123


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    data.ports.write_text(json.dumps({"tasks": PORT}))
    return data


def test_process_reuses_its_port(data: DataDir) -> None:
    book = PortBook(data)
    first = book.pick("tasks")
    book.save()

    again = PortBook(data).pick("tasks")

    assert first == again


@pytest.mark.skipif(sys.platform != "linux", reason="the abstract namespace is Linux's")
def test_port_reserved_by_another_launcher_is_not_picked(
    data: DataDir,
) -> None:
    port = PORT + 1
    data.ports.write_text(json.dumps({"tasks": port}))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0todochat-port-{port}")

        picked = PortBook(data).pick("tasks")

    assert picked != port
