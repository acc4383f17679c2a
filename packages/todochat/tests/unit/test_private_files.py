"""Private files: modes, damaged content, and locks between file descriptors."""

import os
import stat
from pathlib import Path

import pytest

from todochat.private_files import lock_within, read_json_object, write_private


@pytest.mark.parametrize("durable", [False, True])
def test_write_private_replaces_a_file_with_mode_0600(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("old")
    path.chmod(0o644)

    write_private(path, '{"a": 1}', durable=durable)

    assert read_json_object(path) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "[]", "\0\0", "{"])
def test_read_json_object_returns_none_for_a_damaged_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)

    assert read_json_object(path) is None


def test_read_json_object_returns_none_for_a_missing_file(tmp_path: Path) -> None:
    assert read_json_object(tmp_path / "state.json") is None


def test_lock_within_times_out_while_another_descriptor_holds_the_lock(tmp_path: Path) -> None:
    holder, waiter = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))

    is_held = lock_within(holder, 0)
    is_locked = lock_within(waiter, 0.01)
    os.close(holder)
    is_locked_later = lock_within(waiter, 0)
    os.close(waiter)

    assert (is_held, is_locked, is_locked_later) == (True, False, True)
