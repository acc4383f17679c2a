"""Each fault point in the code has a row in the documents and a test that kills a process there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The journal's fault points are named by the kind of step; see `step_kind`.
KINDS = ("answer", "tool", "choice", "handoff", "step")


def points() -> set[str]:
    sources = [path.read_text() for path in ROOT.glob("*/*/src/**/*.py")]
    named = {
        name for source in sources for name in re.findall(r'fault_point\("([a-z.]+)"\)', source)
    }
    return named | {f"{kind}.{when}" for kind in KINDS for when in ("unsaved", "saved")}


def test_each_fault_point_has_a_row_in_docs_runs() -> None:
    page = (ROOT / "docs/runs.md").read_text()

    rows = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
        for name in re.findall(r"`([a-z]+\.[a-z]+)`", row)
    }

    assert rows == points()


def test_each_fault_point_has_a_kill_test() -> None:
    by_turn = ROOT / "tests/chaos/test_kill_points.py"
    by_shape = ROOT / "packages/durable-chatkit/tests/unit/worker/test_kills_by_shape.py"
    tests = by_turn.read_text() + by_shape.read_text()

    assert {point for point in points() if f'"{point}"' not in tests} == set()
