"""A launcher for each test, whose data and processes are cleaned up."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_kit import Launch

from todochat_local import port


@pytest.fixture(scope="session", autouse=True)
def reservations() -> Iterator[None]:
    """Release the ports of plans that were built in this process, before it ends."""
    yield
    while port._reserved:
        port._reserved.popitem()[1].close()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """A launcher with real engines and fake services; its processes end with the test."""
    launch = Launch(tmp_path)
    yield launch
    launch.clean_up()


@pytest.fixture
def reachable_path() -> Iterator[Path]:
    """A folder that `nobody` can traverse; pytest's own has mode 0700."""
    with tempfile.TemporaryDirectory(prefix="todochat-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def used_port() -> Iterator[int]:
    """A port in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
