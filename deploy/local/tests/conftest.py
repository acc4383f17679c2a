"""Gives each test a launcher whose data and processes are cleaned up."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_kit import Launch


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """A launcher over real engines and stand-in services; nothing of it outlives the test."""
    launch = Launch(tmp_path)
    yield launch
    launch.clean_up()


@pytest.fixture
def reachable_path() -> Iterator[Path]:
    """A folder that `nobody` can walk through; pytest's own has mode 0700."""
    with tempfile.TemporaryDirectory(prefix="todochat-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def free_listener() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
