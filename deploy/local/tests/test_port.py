"""Ports are those of last time, and nobody else's."""

import json
import socket
import sys
from pathlib import Path

import pytest

from todochat_local.layout import DataDir
from todochat_local.port import PortBook

PORT = 20_123


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    data.ports.write_text(json.dumps({"tasks": PORT}))
    return data


def test_a_process_gets_the_port_of_last_time(data: DataDir) -> None:
    book = PortBook(data)
    first = book.pick("tasks")
    book.save()

    again = PortBook(data).pick("tasks")

    assert first == again


@pytest.mark.skipif(sys.platform != "linux", reason="the abstract namespace is Linux's")
def test_a_port_that_another_launcher_gave_to_a_service_that_is_down_is_left_alone(
    data: DataDir,
) -> None:
    port = PORT + 1
    data.ports.write_text(json.dumps({"tasks": port}))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0todochat-port-{port}")

        picked = PortBook(data).pick("tasks")

    assert picked != port
