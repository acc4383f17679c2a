"""Fault points: armed by the harness, they end or freeze exactly one process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from todochat.testing import wait_until

PASS_THREE_TIMES = """
import sys
from todochat.faults import arm_fault_points, fault_point
arm_fault_points(sys.argv[1])
for _ in range(3):
    fault_point("step.saved")
    print("passed", flush=True)
"""


def start(spec: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PASS_THREE_TIMES, spec]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run(spec: str) -> tuple[int, int]:
    """Return the exit status, and how often the point was passed."""
    process = start(spec)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output.count("passed")


@pytest.mark.parametrize("spec", ["", "other.point", "step.saved:4"])
def test_unarmed_point_is_a_no_op(spec: str) -> None:
    assert run(spec) == (0, 3)


@pytest.mark.parametrize(("spec", "passed"), [("step.saved", 0), ("a,step.saved:3", 2)])
def test_named_point_kills_each_process_at_its_nth_passage(spec: str, passed: int) -> None:
    assert run(spec) == (-signal.SIGKILL, passed)
    assert run(spec) == (-signal.SIGKILL, passed)


def test_point_armed_by_a_file_kills_only_one_process(tmp_path: Path) -> None:
    (tmp_path / "step.saved").write_text("kill 2")

    killed, successor = run(str(tmp_path)), run(str(tmp_path))

    assert killed == (-signal.SIGKILL, 1)
    assert successor == (0, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["step.saved.hit"]


async def test_point_armed_to_stop_freezes_until_sigcont(tmp_path: Path) -> None:
    (tmp_path / "step.saved").write_text("stop")
    process = start(str(tmp_path))
    await wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, 30)
    assert (tmp_path / "step.saved.hit").read_text() == str(process.pid)

    os.kill(process.pid, signal.SIGCONT)

    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output.count("passed")) == (0, 3)
