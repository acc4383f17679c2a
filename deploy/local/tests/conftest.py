"""Lets the tests import `local_kit`, and gives each a data directory that is cleaned up."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from local_kit import Launch


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """A launcher over real engines and stand-in services; nothing of it outlives the test."""
    launch = Launch(tmp_path)
    yield launch
    launch.clean_up()
