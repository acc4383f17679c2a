"""The evaluation script, on a few utterances."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).with_name("offline_eval.py")
    spec = importlib.util.spec_from_file_location("offline_eval", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Measure = Callable[..., tuple[int, str]]


@pytest.fixture
def measure(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Measure:
    def run(*utterances: tuple[str, str]) -> tuple[int, str]:
        path = tmp_path / "utterances.jsonl"
        lines = [json.dumps({"text": text, "expect": expect}) for text, expect in utterances]
        path.write_text("\n".join(lines))
        return script.main([str(path)]), capsys.readouterr().out

    return run


def test_utterances_are_counted_by_expectation_and_outcome(measure: Measure) -> None:
    code, out = measure(
        ("add milk to my shopping list", "create"),
        ("make a new list", "create"),
        ("what's on my list", "read"),
        ("remove all the events", "delete"),
        ("cancel my meeting", "delete"),
        ("tell me a joke", "none"),
    )

    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:5]}
    assert code == 0
    assert rows == {
        "create": ["1", "1", "0", "0", "0", "0", "0", "0"],
        "read": ["0", "0", "0", "0", "0", "0", "1", "0"],
        "delete": ["0", "0", "1", "1", "0", "0", "0", "0"],
        "none": ["0", "0", "0", "0", "0", "0", "0", "1"],
    }


def test_unexpected_change_fails(measure: Measure) -> None:
    code, out = measure(("add milk", "read"))

    assert code == 1
    assert "read but create: add milk" in out
